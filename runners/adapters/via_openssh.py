"""The command for hosts with ``via: openssh``: OpenSSH's own client goes to the jump hosts.

It can do there what only it can: use a ControlMaster that somebody logged in to with a one-time code, a hardware key,
GSSAPI. The connection to the host itself stays ours, from end to end.
"""

from __future__ import annotations

from runners.adapters.interactive import proxy_command
from runners.model.errors import HostRefused
from runners.model.inventory import Host


def through_openssh(host: Host, hops: tuple[Host, ...], program: str | None) -> str:
    """The command for ``via: openssh``: tokens as in ``ProxyCommand``.

    Raises ``HostRefused`` where there is no ssh.
    """
    if program is None:
        raise HostRefused(f"{host.name}: via: openssh needs the program ssh, which is not here; nothing was sent")
    # Nobody is there to be asked: it says what it wants instead of waiting for it.
    return proxy_command(hops, program, "-o", "BatchMode=yes")
