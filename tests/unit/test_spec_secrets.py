"""Secrets in a pipeline's text: every rule with the sentence that a person sees, and what a plan makes of them."""

from __future__ import annotations

import pytest

from runners.model.secrets import SecretSource, SourceKind
from runners.plan.build import build_plan
from runners.plan.digest import text_digest
from runners.spec.pipeline import read_pipeline
from runners.spec.schema import pipeline_schema
from runners.spec.secret_values import read_secret, why_not_secret
from tests.unit.spec_texts import HEAD, STAGE, refused, with_top


def test_a_secret_comes_from_a_file_a_variable_a_command_or_a_person() -> None:
    pipeline, problems = read_pipeline(
        with_top(
            "secrets:",
            "  A: {file: ~/token}",
            "  B: {env: MY_B}",
            "  C: {command: pass show db/admin}",
            "  D: {command: [./give, 'two words']}",
            "  E: {prompt: Password of the database}",
            "  F: {file: keys/f}",
        ),
        "p.yaml",
    )
    assert pipeline is not None, problems
    plan, more = build_plan(
        pipeline, {}, None, definition_digest=text_digest(""), folder="/srv/pipelines", home="/home/ann"
    )
    assert plan is not None, more
    assert [str(source) for source in plan.secrets.values()] == [
        "file /home/ann/token",
        "environment variable MY_B",
        "command pass show db/admin",
        "command /srv/pipelines/give two words",
        "prompt 'Password of the database'",
        "file /srv/pipelines/keys/f",
    ]
    assert plan.secrets["C"] == SecretSource(
        name="C", kind=SourceKind.COMMAND, words=("pass", "show", "db/admin"), folder="/srv/pipelines"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("secrets: {A: {}}", "3:11  secrets.A: needs one of file, env, command, prompt"),
        (
            "secrets: {A: {file: x, env: Y}}",
            "3:24  secrets.A: file and env cannot both say where it comes from; keep one",
        ),
        ("secrets: {A: {fil: x}}", '3:15  secrets.A.fil: unknown key, did you mean "file"?'),
        ("secrets: {A: hunter22}", '3:14  secrets.A: must be a mapping (key: value), not "hunter22"'),
        (
            "secrets: {A: {env: $FOO}}",
            '3:20  secrets.A.env: "$FOO" is no name of a variable; letters, digits and _ only, and no digit first, and '
            "no $",
        ),
        ("secrets: {A: {command: ''}}", "3:24  secrets.A.command: is empty"),
        ('secrets: {A: {command: "a \'b"}}', "3:24  secrets.A.command: a quote is never closed"),
        ('secrets: {A: {prompt: "a\\tb"}}', "3:23  secrets.A.prompt: must be one line without control characters"),
        ("secrets: {A: {file: ''}}", "3:21  secrets.A.file: is empty"),
        (
            "secrets: {A: {file: ~bob/x}}",
            "3:21  secrets.A.file: other people's homes are not looked up; write the whole path",
        ),
        ("secrets: {ONDUTY_A: {env: A}}", "3:11  secrets.ONDUTY_A: is set by onduty itself; choose another name"),
        (
            "secrets: {PATH: {env: A}}",
            "3:11  secrets.PATH: changes the shell itself and cannot be set here; set it inside the command",
        ),
        (
            "secrets: {a-b: {env: A}}",
            "3:11  secrets.a-b: is no name for a variable; letters, digits and _ only, and no digit first",
        ),
    ],
)
def test_what_cannot_be_a_secret_is_refused_in_one_line(line: str, said: str) -> None:
    assert refused(with_top(line)) == [f"p.yaml:{said}"]


def test_params_secrets_and_variables_share_one_name_space() -> None:
    text = (
        HEAD
        + "params: {A: {default: x}}\nsecrets: {A: {env: X}, B: {env: X}}\nenv: {B: x}\n"
        + STAGE
        + "      one: {hosts: local, env: {B: x}, tasks: [{run: x, env: {B: y}}]}\n"
    )
    taken = "is the name of a secret in line 4; one of them needs another"
    assert refused(text) == [
        "p.yaml:4:11  secrets.A: is the name of a param in line 3; one of them needs another",
        f"p.yaml:5:7  env.B: {taken}",
        f"p.yaml:9:33  stages[0].jobs.one.env.B: {taken}",
        f"p.yaml:9:63  stages[0].jobs.one.tasks[0].env.B: {taken}",
    ]


def test_the_schema_wants_exactly_one_source() -> None:
    secret = pipeline_schema()["$defs"]["SecretModel"]
    assert set(secret["properties"]) == {"file", "env", "command", "prompt"}
    assert (secret["minProperties"], secret["maxProperties"], secret["additionalProperties"]) == (1, 1, False)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("12345", "is 5 bytes long; a secret has at least 6"),
        ("  1234  ", "is 4 bytes long; a secret has at least 6"),
        ("", "is empty; a secret has at least 6"),
        ("hunter\0two", "holds a NUL, which no environment variable can"),
        ("hunter\udcff", "is not valid UTF-8"),
        ("x" * 131_072, "is 131,072 bytes long; with its name at most 128 KiB can be passed to a command"),
    ],
)
def test_a_value_that_cannot_be_a_secret_is_refused_without_being_shown(value: str, reason: str) -> None:
    assert why_not_secret("A", value) == reason


def test_what_a_source_gives_loses_one_line_break_at_its_end() -> None:
    assert read_secret("A", b"hunter22\n") == ("hunter22", "")
    assert read_secret("A", b"hunter22\r\n") == ("hunter22", "")
    assert read_secret("A", b"hunter22\n\n") == ("hunter22\n", "")
    assert read_secret("A", b"hunter22") == ("hunter22", "")
    assert read_secret("A", b"caf\xe9 hunter") == ("", "is not valid UTF-8")
    assert read_secret("A", b"x" * 200_000)[1] == "is longer than 128 KiB, the most that can be passed to a command"
