"""Thirty jobs on five real hosts that talk until they are told to end, and what their hosts witnessed.

Each job says every line twice: to onduty, and to a file on its host that onduty knows nothing of. It notes its start
and its end in a ledger there, and ends only after the test let it. So what really happened is read from the hosts
alone, and whatever onduty claims of a job that was not let go is false.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.person import Person
from tests.ssh.sshd import Sshd
from tests.ssh.story import log_of

JOBS = 30
HOSTS = 5
LINES_AT_ONCE = 20

_HEAD = "version: 1\nname: talkers\nstages:\n  - name: talk\n    jobs:\n"
_JOB = """\
      j{number}:
        hosts: web{host}
        on_failure: continue
        tasks:
          - name: talk
            run: |
              echo "begun $ONDUTY_KEY" >>"$HOME/ledger"
              spoken=0
              while :; do
                lines=0
                while [ $lines -lt {lines} ]; do
                  lines=$((lines + 1)) spoken=$((spoken + 1))
                  line="{number}:$spoken is what job {number} has to say, and nobody may lose or hear it twice"
                  echo "$line"
                  echo "$line" >>"$HOME/said-{number}"
                done
                ! [ -e "$HOME/go-{number}" ] || break
                sleep 0.3
              done
              printf 'the end of {number}, without a newline' | tee -a "$HOME/said-{number}"
              echo "over $ONDUTY_KEY" >>"$HOME/ledger"
              exit {code}
"""


def pipeline() -> str:
    """The thirty jobs in one stage; every third one fails."""
    return _HEAD + "".join(
        _JOB.format(number=number, host=host_of(number), lines=LINES_AT_ONCE, code=code_of(number))
        for number in range(1, JOBS + 1)
    )


def host_of(number: int) -> int:
    """Number of the host that a job talks on."""
    return (number - 1) % HOSTS + 1


def code_of(number: int) -> int:
    """The exit status that a job really has."""
    return number if number % 3 == 0 else 0


@dataclass(slots=True)
class Talkers:
    """The thirty jobs of one run, with their witnesses."""

    person: Person
    uid: str
    daemons: dict[str, Sshd]
    let_go: set[int] = field(default_factory=set)
    polls: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """How often a job was seen in each phase."""

    def release(self, number: int) -> None:
        """This job may end now."""
        self.let_go.add(number)
        (self._daemon(number).home / f"go-{number}").touch()

    def look(self) -> Any:
        """The run as onduty shows it, after every claim in it was held against the witnesses."""
        self.polls += 1
        if self.polls % 40:
            document = self.person.document(self.uid)
        else:
            document = self.person.quick("show", self.uid, "--json").json()
        for number, job in enumerate(document["jobs"], 1):
            self._check_claim(number, job)
        return document

    def check_end(self, document: Any) -> None:
        """Everything that was said was heard once, every verdict is the true one, and nothing ran twice."""
        begun, over = self._ledger("begun"), self._ledger("over")
        keys = [f"{self.uid}.{number}.1.1" for number in range(1, JOBS + 1)]
        assert begun == over == Counter(keys)
        assert document["phase"] == "succeeded"
        for number, job in enumerate(document["jobs"], 1):
            code = code_of(number)
            assert (job["phase"], job["exit_code"]) == ("failed" if code else "succeeded", code)
            assert job["attempt"] == 1
            said = (self._daemon(number).home / f"said-{number}").read_bytes()
            heard = log_of(self.person, self.uid, keys[number - 1])
            assert len(heard) == len(said) == job["tasks"][0]["log_bytes"]
            assert heard == said
        self.person.quick("events", self.uid, "--verify")

    @property
    def said_bytes(self) -> int:
        """All that the jobs said, as their hosts have it."""
        return sum((self._daemon(number).home / f"said-{number}").stat().st_size for number in range(1, JOBS + 1))

    def _check_claim(self, number: int, job: Any) -> None:
        phase = job["phase"]
        self.seen[phase] += 1
        assert job["job"] == f"j{number}"
        assert phase in ("waiting", "queued", "running", "unknown", "succeeded", "failed"), (number, phase)
        if phase in ("succeeded", "failed"):
            assert number in self.let_go, f"job {number} is called {phase} and still talks"
            assert (phase == "failed", job["exit_code"]) == (code_of(number) != 0, code_of(number))
            assert self._ledger("over", f"web{host_of(number)}")[f"{self.uid}.{number}.1.1"] == 1
        else:
            assert (job["result"], job["exit_code"]) == (None, None)

    def _ledger(self, word: str, *hosts: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for name in hosts or self.daemons:
            ledger = self.daemons[name].home / "ledger"
            lines = ledger.read_text().splitlines() if ledger.exists() else []
            found.update(line.split()[1] for line in lines if line.startswith(f"{word} "))
        return found

    def _daemon(self, number: int) -> Sshd:
        return self.daemons[f"web{host_of(number)}"]
