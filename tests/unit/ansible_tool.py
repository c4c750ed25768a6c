"""What the real ansible-inventory makes of the inventories under ``data/ansible``.

Its answers are recorded beside each inventory, so that the tests need no Ansible; where it is installed they ask it
again. ``python -m tests.unit.ansible_tool`` records anew. The inventories are the examples of "How to build your
inventory" in Ansible's documentation, and what was found to be read in more than one way; all answers are those of
ansible-core 2.19.14.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

CASES_FOLDER = Path(__file__).parent / "data" / "ansible"
RECORDED = "answers.json"
PATTERNS = (
    "all", "*", "ungrouped", "web*", "*servers", "*.example.com", "all[0]", "all[1:3]", "all[-1]", "all:!all[0]",
    "~.*example", "~(foo|bar)", "!*servers", "all:&*servers", "&all:!ungrouped", "*[0]", "[dw]b*", "h?st1",
    "all:!*st2", "*servers[0]", "~[a-m].*:!~.*1$",
)  # fmt: skip
_ASK = """
import json, sys
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
answers = {}
inventory = InventoryManager(loader=DataLoader(), sources=[sys.argv[1]])
for pattern in json.loads(sys.argv[2]):
    try:
        answers[pattern] = [host.name for host in inventory.get_hosts(pattern)]
    except Exception:
        answers[pattern] = []
print(json.dumps(answers))
"""


def cases() -> list[str]:
    """Names of the folders with inventories."""
    return sorted(path.name for path in CASES_FOLDER.iterdir() if path.is_dir())


def inventory_file(case: str) -> Path:
    """The inventory itself."""
    (found,) = [path for path in (CASES_FOLDER / case).iterdir() if path.is_file() and path.name != RECORDED]
    return found


def vars_files(case: str) -> dict[str, str]:
    """Texts under ``group_vars`` and ``host_vars`` by their path from the folder."""
    folder = CASES_FOLDER / case
    files = [path for kind in ("group_vars", "host_vars") for path in (folder / kind).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(files)}


def recorded(case: str) -> dict[str, Any]:
    """The recorded answers: ``list`` as printed by ``--list``, ``patterns`` with their hosts."""
    found: dict[str, Any] = json.loads((CASES_FOLDER / case / RECORDED).read_text("utf-8"))
    return found


def _program() -> str | None:
    """The one beside this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("ansible-inventory")
    return str(beside) if beside.is_file() else shutil.which("ansible-inventory")


def is_installed() -> bool:
    """Whether there is an ansible-inventory here."""
    return _program() is not None


def asked(case: str) -> dict[str, Any]:
    """The same answers from the tool that is installed."""
    program = _program()
    assert program is not None, "ask is_installed first"
    python = Path(program).read_text("utf-8").splitlines()[0].removeprefix("#!").strip()
    path = str(inventory_file(case))
    settings = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    env = {**settings, "ANSIBLE_LOCALHOST_WARNING": "0", "LC_ALL": "C.UTF-8"}
    listed = _printed([program, "-i", path, "--list"], env)
    listed["_meta"].pop("profile", None)
    return {"list": listed, "patterns": _printed([python, "-c", _ASK, path, json.dumps(PATTERNS)], env)}


def _printed(command: list[str], env: dict[str, str]) -> Any:
    done = subprocess.run(command, env=env, capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


if __name__ == "__main__":
    for name in cases():
        text = json.dumps(asked(name), indent=1, sort_keys=True, ensure_ascii=False)
        (CASES_FOLDER / name / RECORDED).write_text(text + "\n", "utf-8")
