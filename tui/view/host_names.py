"""What hosts are called beside each other: without the end that all their names share (LOOK section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.view.safe_text import SafeText, safe


def without_common_suffix(names: Sequence[SafeText]) -> tuple[SafeText, ...]:
    """Hosts of one group without the end of their names that they share, from a dot on."""
    if len(names) < 2 or any("." not in name for name in names):
        return tuple(names)
    parts = [name.split(".") for name in names]
    same = 0
    while all(len(one) > same + 1 and one[-1 - same] == parts[0][-1 - same] for one in parts):
        same += 1
    return tuple(safe(".".join(one[: len(one) - same])) for one in parts) if same else tuple(names)


def short_names(hosts: Sequence[str]) -> Mapping[str, SafeText]:
    """The hosts of one job by their names, each as it is told from the others."""
    return dict(zip(hosts, without_common_suffix([safe(host) for host in hosts]), strict=True))
