"""Secrets in the engine: who gets them, what waits for them, and what becomes of logs while they are not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.core.index import job_run_of
from runners.engine.vault import Vault
from runners.model.errors import ActionRefused, InputRefused
from runners.model.events import LogFetched, Payload, SecretGiven, SecretNeeded
from runners.model.intents import Cancel, Note, Retry
from runners.model.phases import Phase, RunPhase
from runners.model.plan import Plan
from runners.model.secrets import SecretSource, SourceKind
from runners.ports.secrets import SecretUnfit, SecretUnreadable
from runners.ports.transport import ExecutionRequest, Survivor
from runners.testing.behaviour import Exit, Gate, OnCancel, Print, hangs, prints
from tests.flows.engine_kit import Kit, job, plan

VALUE = "hunter22hunter"


class Shelf:
    """Sources with values that a test changes."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.reads: list[str] = []

    async def read(self, source: SecretSource) -> str:
        self.reads.append(source.name)
        value = self.values.get(source.name)
        if value is None:
            raise SecretUnreadable(f"{source.path}: no such file")
        if value == "bad":
            raise SecretUnfit("what it gives is 3 bytes long; a secret has at least 6")
        return value


def secret(made: Plan, **kinds: SourceKind) -> Plan:
    kinds = kinds or {"PASS": SourceKind.ENV}
    return replace(
        made,
        secrets={
            name: SecretSource(name=name, kind=kind, path=f"/{name}", variable=name) for name, kind in kinds.items()
        },
    )


def sent(kit: Kit, key: str) -> ExecutionRequest:
    """What a host was really told."""
    return next(start.request for start in kit.transport.ledger if start.key == key)


async def events_of(kit: Kit, uid: str, kind: type) -> list[object]:
    return [event.payload for event in await kit.story(uid) if isinstance(event.payload, kind)]


def log_of(kit: Kit, uid: str, key: str) -> bytes:
    return kit.logs.content(uid, key)


async def test_every_command_gets_every_secret_and_nothing_of_it_is_stored() -> None:
    kit = await Kit(secrets=Shelf(FILE="file-value-1")).start()
    kit.transport.on("one", prints("it is hunter22hunter, file-value-1"))
    made = secret(plan([job("release", "one")]), PASS=SourceKind.ENV, FILE=SourceKind.FILE)
    uid = await kit.run(made, secrets={"PASS": VALUE})
    state = await kit.until(lambda: kit.engine.records.live_runs() == (), uid=uid)
    key = f"{uid}.1.1.1"
    assert sent(kit, key).env["PASS"] == VALUE
    assert sent(kit, key).env["FILE"] == "file-value-1"
    assert log_of(kit, uid, key) == b"it is [secret PASS], [secret FILE]\n"
    assert state.stages[0].jobs[0].runs[0].attempts[0].tasks[0].log_bytes == 35
    stored = b"".join(row.payload for rows in kit.disk.events.values() for row in rows)
    stored += b"".join(kit.disk.blobs.values()) + b"".join(row.outcome for row in kit.disk.intents.values())
    assert VALUE.encode() not in stored
    assert b"file-value-1" not in stored
    assert VALUE not in repr(sent(kit, key))
    await kit.stop()


async def test_a_source_is_read_once_for_a_run() -> None:
    shelf = Shelf(PASS=VALUE)
    kit = await Kit(secrets=shelf).start()
    uid = await kit.run(secret(plan([job("a", on=("web1", "web2")), job("b", needs=("a",))]), PASS=SourceKind.COMMAND))
    await kit.until(lambda: kit.engine.records.live_runs() == (), uid=uid)
    assert shelf.reads == ["PASS"]
    await kit.stop()


async def test_what_cannot_be_read_holds_the_run_until_it_is_given() -> None:
    shelf = Shelf()
    kit = await Kit(secrets=shelf).start()
    uid = await kit.run(secret(plan([job("release", "one")]), PASS=SourceKind.FILE))
    await kit.settle()
    document = await kit.engine.records.document(uid)
    assert document.phase == "held"
    assert document.holds[0].text == "PASS: /PASS: no such file; onduty secret give deploy-api/1 PASS"
    assert not kit.transport.connects
    with pytest.raises(ActionRefused, match="PASS: /PASS: no such file; nothing was changed"):
        await kit.engine.give_secrets(uid, intent_id="g1", names=(), values={}, actor="bob")
    shelf.values["PASS"] = VALUE
    answer = await kit.engine.give_secrets(uid, intent_id="g2", names=(), values={}, actor="bob")
    assert answer.text == "deploy-api/1 has PASS and goes on"
    again = await kit.engine.give_secrets(uid, intent_id="g2", names=("PASS",), values={}, actor="bob")
    assert again.seq == answer.seq
    state = await kit.until(lambda: kit.engine.records.live_runs() == (), uid=uid)
    assert state.phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_a_value_that_is_none_is_refused_before_there_is_a_run() -> None:
    kit = await Kit(secrets=Shelf(PASS="bad")).start()
    made = plan([job("release")])
    with pytest.raises(InputRefused, match="secret PASS: what it gives is 3 bytes long"):
        await kit.run(secret(made, PASS=SourceKind.FILE))
    with pytest.raises(InputRefused, match="secret PASS: its value must come with the request"):
        await kit.run(secret(made))
    with pytest.raises(InputRefused, match="PASS: is 3 bytes long; a secret has at least 6"):
        await kit.run(secret(made), secrets={"PASS": "abc"})
    with pytest.raises(InputRefused, match="secret OTHER: the pipeline has none of that name"):
        await kit.run(made, secrets={"OTHER": VALUE})
    assert not kit.disk.runs
    await kit.stop()


async def test_after_a_restart_the_verdict_comes_first_and_the_log_once_the_secret_is_given() -> None:
    kit = await Kit().start()
    kit.transport.on("one", (Print(b"hunter"), Gate("half"), Print(b"22hunter!\n"), Gate("end"), Exit(3)))
    made = secret(plan([job("release", "one", "two")]))
    uid = await kit.run(made, secrets={"PASS": VALUE})
    key = f"{uid}.1.1.1"
    await kit.transport.until_started(key)
    await kit.settle()
    assert log_of(kit, uid, key) == b""
    await kit.stop()
    await kit.start()
    await kit.settle()
    assert (await kit.engine.records.document(uid)).holds[0].kind == "secret"
    kit.transport.release("half")
    kit.transport.release("end")
    for _ in range(5):
        await kit.settle()
        await kit.clock.advance(kit.limits.quiet_ask_s)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    run = job_run_of(state, "s1/release@web1")
    assert (run.phase, run.exit_code) == (Phase.FAILED, 3)
    assert run.attempts[0].tasks[0].log_owed
    assert log_of(kit, uid, key) == b""
    assert (await kit.engine.records.document(uid)).next[0] == "onduty secret give deploy-api/1 PASS"
    await kit.engine.give_secrets(uid, intent_id="g", names=(), values={"PASS": VALUE}, actor="bob")
    await kit.settle()
    assert log_of(kit, uid, key) == b"[secret PASS]!\n"
    assert len(await events_of(kit, uid, LogFetched)) == 1
    assert len(await events_of(kit, uid, SecretNeeded)) == len(await events_of(kit, uid, SecretGiven)) == 1
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_after_a_restart_what_is_read_here_is_read_again_and_nobody_is_asked() -> None:
    kit = await Kit(secrets=Shelf(PASS=VALUE)).start()
    kit.transport.on("one", (Print(b"a hunter"), Gate("half"), Print(b"22hunter!\n"), Exit(0)))
    uid = await kit.run(secret(plan([job("release", "one", "two")]), PASS=SourceKind.COMMAND))
    key = f"{uid}.1.1.1"
    await kit.transport.until_started(key)
    await kit.settle()
    assert log_of(kit, uid, key) == b"a "
    await kit.stop()
    await kit.start()
    kit.transport.release("half")
    state = await kit.until(lambda: kit.engine.records.live_runs() == (), uid=uid)
    assert state.phase is RunPhase.SUCCEEDED
    assert log_of(kit, uid, key) == b"a [secret PASS]!\n"
    assert not await events_of(kit, uid, SecretNeeded)
    assert sent(kit, f"{uid}.1.1.2").env["PASS"] == VALUE
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_a_cancel_reaches_the_host_while_the_secret_is_missing_and_shows_no_command_line() -> None:
    kit = await Kit().start()
    survivor = Survivor(pid=7, user="root", command=f"tool --password {VALUE}")
    kit.transport.on("one", hangs(OnCancel(survivors=(survivor,))))
    uid = await kit.run(secret(plan([job("release", "one")])), secrets={"PASS": VALUE})
    await kit.transport.until_started(f"{uid}.1.1.1")
    await kit.settle()
    await kit.stop()
    await kit.start()
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c"), "bob")
    await kit.settle()
    run = job_run_of(await kit.engine.records.state(uid), "s1/release@web1")
    assert run.survivors == ("pid 7 root (command not shown while a secret is missing)",)
    await kit.stop()


async def test_a_command_line_that_survives_is_masked() -> None:
    kit = await Kit().start()
    survivor = Survivor(pid=7, user="root", command=f"tool --password {VALUE}")
    kit.transport.on("one", hangs(OnCancel(survivors=(survivor,))))
    uid = await kit.run(secret(plan([job("release", "one")])), secrets={"PASS": VALUE})
    await kit.transport.until_started(f"{uid}.1.1.1")
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c", reason=f"it shows {VALUE}"), "bob")
    await kit.settle()
    run = job_run_of(await kit.engine.records.state(uid), "s1/release@web1")
    assert run.survivors == ("pid 7 root tool --password [secret PASS]",)
    stored = b"".join(row.payload for rows in kit.disk.events.values() for row in rows)
    assert VALUE.encode() not in stored
    await kit.stop()


async def test_words_of_people_are_masked_in_events_and_answers() -> None:
    kit = await Kit().start()
    kit.transport.on("one", prints("no", code=1))
    uid = await kit.run(secret(plan([job("release", "one")])), secrets={"PASS": VALUE})
    await kit.settle()
    await kit.engine.submit(uid, Note(id="n", text=f"it was {VALUE}"), "bob")
    with pytest.raises(ActionRefused):
        await kit.engine.submit(uid, Retry(id="r", targets=("s1/release@web1",), task=VALUE), "bob")
    stored = b"".join(row.payload for rows in kit.disk.events.values() for row in rows)
    stored += b"".join(row.outcome for row in kit.disk.intents.values())
    assert b"it was [secret PASS]" in stored
    assert VALUE.encode() not in stored
    await kit.stop()


async def test_a_retry_after_a_restart_waits_for_the_secret() -> None:
    kit = await Kit().start()
    kit.transport.on("one", prints("no", code=1), prints("yes"))
    uid = await kit.run(secret(plan([job("release", "one")])), secrets={"PASS": VALUE})
    await kit.settle()
    await kit.stop()
    await kit.start()
    await kit.settle()
    # Nothing needs it: nobody is asked for it.
    assert not await events_of(kit, uid, SecretNeeded)
    await kit.engine.submit(uid, Retry(id="r"), "bob")
    await kit.settle()
    assert (await kit.engine.records.document(uid)).jobs[0].hold == "waits for the secret PASS"
    await kit.engine.give_secrets(uid, intent_id="g", names=(), values={"PASS": "another-value"}, actor="bob")
    state = await kit.until(lambda: kit.engine.records.live_runs() == (), uid=uid)
    assert state.phase is RunPhase.SUCCEEDED
    assert sent(kit, f"{uid}.1.2.1").env["PASS"] == "another-value"
    await kit.stop()


async def test_a_new_value_counts_from_now_on_and_the_old_one_stays_masked() -> None:
    kit = await Kit().start()
    kit.transport.on("one", (Gate("one"), Exit(0)))
    kit.transport.on("two", prints(f"old {VALUE} new newer-value"))
    uid = await kit.run(secret(plan([job("release", "one", "two")])), secrets={"PASS": VALUE})
    await kit.transport.until_started(f"{uid}.1.1.1")
    await kit.engine.give_secrets(uid, intent_id="g", names=(), values={"PASS": "newer-value"}, actor="bob")
    kit.transport.release("one")
    await kit.until(lambda: kit.engine.records.live_runs() == (), uid=uid)
    assert sent(kit, f"{uid}.1.1.2").env["PASS"] == "newer-value"
    assert log_of(kit, uid, f"{uid}.1.1.2") == b"old [secret PASS] new [secret PASS]\n"
    await kit.stop()


async def owing(kit: Kit, *, values: tuple[str, ...] = (VALUE,), said: str = f"{VALUE}!") -> str:
    """A run that printed its secret, whose output the host still has, under a controller that came later."""
    kit.transport.on("one", (Gate("one"), Exit(0)))
    kit.transport.on("two", (Gate("two"), Print(said.encode() + b"\n"), Exit(3)))
    uid = await kit.run(secret(plan([job("release", "one", "two")])), secrets={"PASS": values[0]})
    await kit.transport.until_started(f"{uid}.1.1.1")
    for number, value in enumerate(values[1:]):
        await kit.engine.give_secrets(uid, intent_id=f"n{number}", names=(), values={"PASS": value}, actor="bob")
    kit.transport.release("one")
    await kit.transport.until_started(f"{uid}.1.1.2")
    await kit.settle()
    await kit.stop()
    await kit.start()
    await kit.settle()
    kit.transport.release("two")
    for _ in range(5):
        await kit.settle()
        await kit.clock.advance(kit.limits.quiet_ask_s)
    await kit.settle()
    return uid


async def give(kit: Kit, uid: str, value: str) -> None:
    await kit.engine.give_secrets(uid, intent_id=f"g-{value}", names=(), values={"PASS": value}, actor="bob")
    await kit.settle()


async def test_after_a_restart_another_value_than_the_one_of_before_is_noticed_and_nothing_is_let_through() -> None:
    kit = await Kit().start()
    uid = await owing(kit)
    with pytest.raises(ActionRefused, match="PASS: this is not the value that this run was given before") as refused:
        await give(kit, uid, "hunter23")
    assert refused.value.hint == "onduty secret give deploy-api/1 PASS --type"
    assert log_of(kit, uid, f"{uid}.1.1.2") == b""
    assert (await kit.engine.records.document(uid)).holds[0].kind == "secret"
    await give(kit, uid, VALUE)
    assert log_of(kit, uid, f"{uid}.1.1.2") == b"[secret PASS]!\n"
    await kit.stop()


async def test_of_several_values_each_is_asked_for_before_output_of_an_earlier_controller_is_fetched() -> None:
    kit = await Kit().start()
    uid = await owing(kit, values=(VALUE, "newer-value"), said=f"{VALUE} newer-value")
    await give(kit, uid, "newer-value")
    (hold,) = [hold for hold in (await kit.engine.records.document(uid)).holds if hold.kind == "secret"]
    assert "PASS: had another value before, which what its hosts still hold may show; type that one" in hold.text
    assert log_of(kit, uid, f"{uid}.1.1.2") == b""
    await give(kit, uid, VALUE)
    assert log_of(kit, uid, f"{uid}.1.1.2") == b"[secret PASS] [secret PASS]\n"
    assert not [hold for hold in (await kit.engine.records.document(uid)).holds if hold.kind == "secret"]
    await kit.stop()


async def test_a_file_that_gives_another_value_after_a_restart_holds_what_was_printed_with_the_earlier_one() -> None:
    shelf = Shelf(PASS=VALUE)
    kit = await Kit(secrets=shelf).start()
    kit.transport.on("one", (Gate("half"), Print(f"{VALUE}!\n".encode()), Exit(3)))
    source = {"PASS": SecretSource(name="PASS", kind=SourceKind.FILE, path="/run/pass")}
    uid = await kit.run(replace(plan([job("release", "one")]), secrets=source))
    await kit.transport.until_started(f"{uid}.1.1.1")
    await kit.settle()
    await kit.stop()
    shelf.values["PASS"] = "rotated-1"
    await kit.start()
    kit.transport.release("half")
    for _ in range(5):
        await kit.settle()
        await kit.clock.advance(kit.limits.quiet_ask_s)
    await kit.settle()
    (hold,) = [hold for hold in (await kit.engine.records.document(uid)).holds if hold.kind == "secret"]
    assert "PASS: /run/pass now gives what is not the value that this run was given before" in hold.text
    assert log_of(kit, uid, f"{uid}.1.1.1") == b""
    await give(kit, uid, VALUE)
    assert log_of(kit, uid, f"{uid}.1.1.1") == b"[secret PASS]!\n"
    await kit.stop()


async def test_where_no_host_holds_anything_a_new_value_is_taken_and_is_the_one_of_before_from_then_on() -> None:
    kit = await Kit().start()
    kit.transport.on("one", prints("no", code=1), (Gate("one"), Print(b"another-value\n"), Exit(0)))
    uid = await kit.run(secret(plan([job("release", "one")])), secrets={"PASS": VALUE})
    await kit.settle()
    await kit.stop()
    await kit.start()
    await kit.engine.submit(uid, Retry(id="r"), "bob")
    await kit.settle()
    await give(kit, uid, "another-value")
    await kit.transport.until_started(f"{uid}.1.2.1")
    await kit.stop()
    await kit.start()
    kit.transport.release("one")
    for _ in range(5):
        await kit.settle()
        await kit.clock.advance(kit.limits.quiet_ask_s)
    with pytest.raises(ActionRefused):
        await give(kit, uid, VALUE)
    await give(kit, uid, "another-value")
    assert log_of(kit, uid, f"{uid}.1.2.1") == b"[secret PASS]\n"
    assert VALUE not in str(await events_of(kit, uid, Payload))
    await kit.stop()


async def test_a_vault_shows_no_value() -> None:
    vault = Vault(Shelf())
    made = secret(plan([job("release")]))
    vault.give("01RUN", made.secrets, {"PASS": VALUE})
    assert VALUE not in repr(vault)
    assert VALUE not in repr(vars(vault))
    assert vault.any_text(f"Traceback: {VALUE}") == "Traceback: [secret PASS]"
