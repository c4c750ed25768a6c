"""Requests, answers and documents of the controller's API, and what ``--json`` prints.

HTTP/1.1 over a Unix socket. Documents only gain names; none is renamed or removed. Times in documents are RFC 3339 UTC.

Structs and not dataclasses, because every command makes all of these classes: 1 ms instead of 45. One module for each
noun; everybody imports them from here.
"""

from runners.model.api.before import Before, Changes, Fix, JobChange, ParamChange, Seen, Usual, UsualJob
from runners.model.api.controller import PROTOCOL, Hello, ProblemDetails, SelfCheck
from runners.model.api.documents import (
    ConcurrencyDocument,
    HoldDocument,
    JobDocument,
    NoteDocument,
    RunAt,
    RunbookDocument,
    RunDocument,
    Seq,
    StageDocument,
    TaskDocument,
)
from runners.model.api.history import PastRun, PipelineHistory
from runners.model.api.intents import GiveSecrets, IntentAnswer, IntentRequest
from runners.model.api.login import LoginPrompt, LoginQuestion, LoginReply, LoginRequest
from runners.model.api.starting import RunStarted, StartRun
from runners.model.api.status import HostStatus, RunStatus, RunSummary, Status
from runners.model.api.times import rfc3339

__all__ = [
    "PROTOCOL",
    "Before",
    "Changes",
    "ConcurrencyDocument",
    "Fix",
    "GiveSecrets",
    "Hello",
    "HoldDocument",
    "HostStatus",
    "IntentAnswer",
    "IntentRequest",
    "JobChange",
    "JobDocument",
    "LoginPrompt",
    "LoginQuestion",
    "LoginReply",
    "LoginRequest",
    "NoteDocument",
    "ParamChange",
    "PastRun",
    "PipelineHistory",
    "ProblemDetails",
    "RunAt",
    "RunDocument",
    "RunStarted",
    "RunStatus",
    "RunSummary",
    "RunbookDocument",
    "Seen",
    "SelfCheck",
    "Seq",
    "StageDocument",
    "StartRun",
    "Status",
    "TaskDocument",
    "Usual",
    "UsualJob",
    "rfc3339",
]
