"""What ``ansible_*`` variables say about the way to a host, and which of them onduty cannot follow.

Understood are those of the ssh connection plugin that name an address, a port, a user, a key and jump hosts, and
``ansible_connection=local``. What would lead elsewhere or log in otherwise is refused where the host is used; what
only tunes Ansible itself is passed over (ansible-core, "Connecting to hosts: behavioral inventory parameters").
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import PydanticCustomError

from runners.model.ids import NAME
from runners.model.inventory import Host
from runners.spec.ansible_values import Value
from runners.spec.connection_fields import address_of, user_of
from runners.spec.fields import path_of
from runners.spec.jumps import HopRefused, parse_hops
from runners.spec.names import why_not_env_name, why_not_env_value
from runners.spec.nodes import Scalar
from runners.spec.report import quoted

_KEYS: Mapping[str, tuple[str, ...]] = {
    "address": ("ansible_ssh_host", "ansible_host"),
    "port": ("ansible_ssh_port", "ansible_port"),
    "user": ("ansible_ssh_user", "ansible_user"),
    "identity": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
}
"""Names of the same thing; the later one counts."""
_COMMON_ARGS = "ansible_ssh_common_args"
_CONNECTION = "ansible_connection"
_SSH = frozenset({"ssh", "smart", "ansible.builtin.ssh"})
_LOCAL = frozenset({"local", "ansible.builtin.local"})
_ELSEWHERE = re.compile(
    r"ansible_(?:ssh_|connection|password\Z|pass\Z|winrm|psrp|paramiko|network|httpapi|netconf|grpc|docker|podman|"
    r"buildah|kubectl|oc_|lxc|lxd|incus|jail|zone|chroot|machinectl|aws_ssm|libvirt|qubes|salt|private_key|shell_type|"
    r"remote_(?:host|addr|port|user)|proxy|host_|port_|user_)"
)
"""Variables that lead to a host in another way, or log in in another way."""
_HARMLESS = re.compile(
    r"ansible_(?:ssh_(?:pipelining|retries|reconnection_retries|timeout|transfer_method|use_tty|control_path|"
    r"control_path_dir|host_key_checking|executable|verbosity|show_.*)|host_key_checking|ssh_common_args)\Z"
)
"""Tune Ansible's own way of using ssh; without them we are as careful or more."""
_IGNORED_OPTIONS = frozenset(
    {"stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile", "controlmaster", "controlpersist"}
    | {"controlpath", "serveraliveinterval", "serveralivecountmax", "forwardagent", "loglevel", "connecttimeout"}
    | {"tcpkeepalive", "compression", "preferredauthentications", "gssapiauthentication", "batchmode"}
)
_NO_ARGUMENT = frozenset({"-q", "-C", "-A", "-a", "-T", "-t", "-tt", "-v", "-vv", "-vvv", "-4", "-6", "-x", "-k"})
_BECOME = re.compile(r"ansible_(?:become|sudo|su)(?:_.*)?\Z")


@dataclass(slots=True)
class Told:
    """What the variables of one host came to."""

    host: Host
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """Place and sentence."""


def host_from(name: str, values: Mapping[str, Value], absolute: Callable[[str], str]) -> Told:
    """The host with these variables; ``absolute`` makes a path whole."""
    refused: list[str] = []
    told = Told(host=Host(name=name))
    found: dict[str, Any] = {}
    if not NAME.match(name):
        refused.append(
            "its name cannot be used (letters, digits, _ . - and at most 63); give it an alias: web1 ansible_host=…"
        )
    for key, names in _KEYS.items():
        for variable in names:
            if variable in values:
                _connection_key(key, variable, values[variable], found, refused)
    if "identity" in found:
        found["identity"] = absolute(found["identity"])
    local = _connection(values.get(_CONNECTION), refused)
    jump: tuple[Host, ...] | None = None
    if _COMMON_ARGS in values and not local:
        jump = _common_args(values[_COMMON_ARGS], refused, told)
    for variable, value in values.items():
        if _ELSEWHERE.match(variable) and not _HARMLESS.match(variable) and not _understood(variable):
            refused.append(f"{variable} is not understood by onduty ({value.place})")
        elif _BECOME.match(variable) and variable == "ansible_become" and value.text.lower() not in ("false", "no", ""):
            told.warnings.append((value.place, "ansible_become is not used by onduty; write sudo: true on the task"))
    passed, withheld = _environment(values)
    told.host = replace(
        Host(name=name, **found),
        local=local,
        jump=jump,
        vars=passed,
        withheld=withheld,
        refused=tuple(dict.fromkeys(refused)),
    )
    return told


def _understood(variable: str) -> bool:
    return variable in (_COMMON_ARGS, _CONNECTION) or any(variable in names for names in _KEYS.values())


def _connection_key(key: str, variable: str, value: Value, found: dict[str, Any], refused: list[str]) -> None:
    if value.why_not:
        refused.append(f"{variable} {value.trouble}")
        return
    scalar = Scalar.make(value.text, 1, 1)
    try:
        if key == "port":
            if not re.fullmatch(r"[0-9]{1,5}", value.text) or not 1 <= int(value.text) <= 65535:
                refused.append(f"{variable} must be from 1 to 65535, not {quoted(value.text)} ({value.place})")
                return
            found[key] = int(value.text)
        else:
            found[key] = {"address": address_of, "user": user_of, "identity": path_of}[key](scalar)
    except PydanticCustomError as error:
        refused.append(f"{variable} {(error.context or {})['found'][0][1]} ({value.place})")


def _connection(value: Value | None, refused: list[str]) -> bool:
    """True when the host is this machine."""
    if value is None or value.text in _SSH:
        return False
    if value.why_not:
        refused.append(f"{_CONNECTION} {value.trouble}")
    elif value.text in _LOCAL:
        return True
    else:
        text = f"{_CONNECTION} is {quoted(value.text)}; onduty connects with ssh, or local for its own machine"
        refused.append(f"{text} ({value.place})")
    return False


def _common_args(value: Value, refused: list[str], told: Told) -> tuple[Host, ...] | None:
    """The jump hosts that the arguments name; None when they say nothing about that."""
    if value.why_not:
        refused.append(f"{_COMMON_ARGS} {value.trouble}")
        return None
    try:
        words = shlex.split(value.text)
    except ValueError:
        refused.append(f"{_COMMON_ARGS}: a quote is never closed ({value.place})")
        return None
    jump: tuple[Host, ...] | None = None
    while words:
        word = words.pop(0)
        option, argument = word[:2], word[2:]
        if option in ("-J", "-o") and not argument and words:
            argument = words.pop(0)
        try:
            if option == "-J":
                jump = hops_of(argument)
            elif option == "-o":
                jump = _option(argument, value, jump, refused, told)
            elif word not in _NO_ARGUMENT:
                refused.append(f"{_COMMON_ARGS}: {quoted(word)} is not understood by onduty ({value.place})")
                return None
        except HopRefused as error:
            refused.append(f"{_COMMON_ARGS}: {error} ({value.place})")
    return jump


def _option(
    text: str, value: Value, jump: tuple[Host, ...] | None, refused: list[str], told: Told
) -> tuple[Host, ...] | None:  # fmt: skip
    name, _, argument = text.replace("=", " ", 1).strip().partition(" ")
    lower, argument = name.lower(), argument.strip()
    if lower == "proxyjump":
        return hops_of(argument)
    if lower == "proxycommand":
        through = _plain_proxy(argument)
        if through:
            return hops_of(through)
    if lower in _IGNORED_OPTIONS:
        sentence = f"{name} is not used by onduty"
        if lower in ("stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile"):
            sentence += ": host keys are always verified"
        told.warnings.append((value.place, f"{_COMMON_ARGS}: {sentence}"))
    else:
        refused.append(f"{_COMMON_ARGS}: the option {name} is not understood by onduty ({value.place})")
    return jump


def _plain_proxy(command: str) -> str:
    """``user@host:port`` of ``ssh -W %h:%p -q user@host``, which is what ProxyJump does; empty for anything else."""
    try:
        program, *words = shlex.split(command)
    except ValueError:
        return ""
    user = port = host = ""
    forwards = False
    while words and program in ("ssh", "/usr/bin/ssh"):
        word = words.pop(0)
        if word == "-W" and words:
            forwards = words.pop(0) == "%h:%p"
        elif word == "-p" and words:
            port = words.pop(0)
        elif word == "-l" and words:
            user = words.pop(0)
        elif word == "-q":
            continue
        elif word.startswith("-") or host:
            return ""
        else:
            host = word
    if not forwards or not host:
        return ""
    return (f"{user}@" if user else "") + host + (f":{port}" if port else "")


def hops_of(text: str) -> tuple[Host, ...]:
    """Jump hosts as ssh would look them up: by alias. Raises ``HopRefused``."""
    return tuple(Host(name=hop.host, user=hop.user, port=hop.port) for hop in parse_hops(text))


def _environment(values: Mapping[str, Value]) -> tuple[dict[str, str], dict[str, str]]:
    passed: dict[str, str] = {}
    withheld: dict[str, str] = {}
    for name, value in values.items():
        if name.startswith("ansible_"):
            withheld[name] = f"is Ansible's own and is not passed to commands ({value.place})"
        elif value.why_not:
            withheld[name] = value.trouble
        elif reason := why_not_env_name(name) or why_not_env_value(name, value.text):
            withheld[name] = f"{reason} ({value.place})"
        else:
            passed[name] = value.text
    return passed, withheld
