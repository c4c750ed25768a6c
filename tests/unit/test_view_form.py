"""The form that a run is started with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.definition import Param, ParamType
from runners.model.secrets import SecretSource, SourceKind
from tests.unit.view_text import text_of, texts_of, token_of
from tui.view.form import (
    INVENTORY,
    LIMIT,
    START,
    StartForm,
    at_field,
    chosen,
    edited,
    form_of,
    left_all,
    moved,
    order_of,
    typed,
)
from tui.view.form_rows import FormRows, FormScene, form_keys, form_rows
from tui.view.glyphs import ASCII, UNICODE

RELEASE = Param(name="release", pattern=r"\d+\.\d+\.\d+", help="Version to deploy.")
DRAIN = Param(name="drain", type=ParamType.DURATION, default="10s")
COUNT = Param(name="count", type=ParamType.INTEGER, default="3")
DRY = Param(name="dry", type=ParamType.BOOLEAN, default="false")
SLOT = Param(name="slot", type=ParamType.CHOICE, choices=("blue", "green", "grey"))
EVERY = (RELEASE, DRAIN, COUNT, DRY, SLOT)
KEYS = ("left", "right", "home", "end", "backspace", "delete", "ctrl+u", "ctrl+k", "ctrl+w", "ctrl+a", "ctrl+e", "f1")


def whole(**more: Any) -> StartForm:
    return form_of(EVERY, **more)


def shown(form: StartForm, width: int = 84, **more: Any) -> list[str]:
    return texts_of(rows_of(form, width, **more).rows, width)


def rows_of(form: StartForm, width: int = 84, **more: Any) -> FormRows:
    scene = FormScene(form=form, pipeline="deploy-api", is_typed_in=True)
    return form_rows(replace(scene, **more), width, UNICODE)


def test_the_first_field_that_needs_a_value_has_the_cursor() -> None:
    assert whole().focus == "param release"
    assert form_of((DRAIN, SLOT)).focus == "param slot"
    assert form_of((DRAIN,)).focus == "param drain"
    assert form_of((), limited=False).focus == START
    assert form_of((), inventories=("a", "b")).focus == INVENTORY


def test_only_what_was_given_is_sent() -> None:
    form = typed(whole(), "2.4.1")
    assert form.params == {"release": "2.4.1"}
    form = chosen(at_field(form, "param dry"), 1)
    form = typed(edited(at_field(form, "param drain"), "ctrl+u"), "20s")
    assert form.params == {"release": "2.4.1", "drain": "20s", "dry": "true"}
    assert chosen(at_field(form, "param dry"), 1).params == {"release": "2.4.1", "drain": "20s"}


def test_a_default_that_was_emptied_is_given_as_empty() -> None:
    form = edited(form_of((Param(name="note", default="x"),)), "backspace")
    assert form.params == {"note": ""}
    assert not form.missing


@pytest.mark.parametrize(
    ("param", "text", "why"),
    [
        (RELEASE, "2.4", '"2.4" does not match the pattern \\d+\\.\\d+\\.\\d+'),
        (DRAIN, "x", '"10sx" is no duration; write one number and one unit, such as 500ms 10s 5m 2h 1d'),
        (COUNT, "x", '"3x" is no whole number'),
    ],
)
def test_a_value_is_judged_while_it_is_typed_by_the_rules_of_the_plan(param: Param, text: str, why: str) -> None:
    form = typed(form_of((param,)), text)
    (wrong,) = form.wrong
    assert wrong.problem == why
    assert not form.is_usable
    row = next(row for row in rows_of(form).rows if any(span.token == "fail" for span in row.left))
    assert token_of(row, UNICODE.edge).token == "fail"
    assert why in " ".join(" ".join(shown(form)).split())


def test_a_missing_value_is_said_once_the_field_was_left_and_is_red_then() -> None:
    form = whole()
    assert "needs a value" in shown(form, is_typed_in=False)[0]
    form = moved(form, 1)
    (row,) = [row for row in rows_of(form).rows if "needs a value" in text_of(row, 84)]
    assert token_of(row, "needs a value").token == "fail"
    assert [field.label for field in form.missing] == ["release", "slot"]
    assert left_all(moved(form, 2)).focus == "param release"


def test_choices_are_walked_with_space_and_jumped_to_by_letter() -> None:
    form = at_field(whole(), "param slot")
    assert form.field is not None
    assert form.field.value == ""
    values = []
    for _ in range(4):
        form = chosen(form, 1)
        values.append(form.params["slot"])
    assert values == ["blue", "green", "grey", "blue"]
    form = typed(form, "g")
    assert form.params["slot"] == "green"
    assert typed(form, "g").params["slot"] == "grey"
    assert typed(form, "x") == form
    assert chosen(at_field(whole(), "param slot"), -1).params["slot"] == "grey"


def test_an_inventory_can_be_named_where_there_is_one_or_none() -> None:
    assert INVENTORY not in order_of(whole(limited=False))
    alone = at_field(whole(), INVENTORY)
    assert alone.inventory == ""
    assert any("none: this machine alone is known" in row for row in shown(alone, is_typed_in=False))
    assert typed(alone, "fleet/hosts.yaml ").inventory == "fleet/hosts.yaml"
    one = at_field(whole(inventories=("one.yaml",)), INVENTORY)
    assert one.inventory == ""
    assert any("one.yaml" in row and "default" in row for row in shown(one))
    assert typed(edited(one, "ctrl+u"), "two.yaml").inventory == "two.yaml"


def test_the_inventory_is_chosen_when_there_are_several() -> None:
    form = whole(inventories=("prod.yaml", "staging.yaml"))
    assert "inventory" in [field.label for field in form.missing]
    assert form.inventory == ""
    assert chosen(at_field(form, INVENTORY), 1).inventory == "prod.yaml"
    beside = whole(inventories=("inventory.yaml", "staging.yaml"), inventory="inventory.yaml")
    assert beside.inventory == ""
    assert "inventory" not in [field.label for field in beside.missing]


def test_values_of_an_earlier_run_count_as_defaults() -> None:
    form = form_of(EVERY, limited=False, given={"release": "2.4.0", "slot": "green"})
    assert form.params == {}
    assert form.is_usable
    assert LIMIT not in order_of(form)
    assert "as then" in shown(form)[0] + shown(form, is_typed_in=False)[0]
    form = typed(edited(at_field(form, "param release"), "backspace"), "1")
    assert form.params == {"release": "2.4.1"}


@given(
    st.lists(
        st.one_of(
            st.sampled_from(KEYS).map(lambda key: ("key", key)),
            st.text(max_size=3).map(lambda text: ("text", text)),
            st.integers(-3, 3).map(lambda by: ("move", by)),
            st.integers(-1, 1).map(lambda by: ("choose", by)),
        ),
        max_size=25,
    ),
    st.integers(24, 120),
)
def test_whatever_is_pressed_the_form_holds_and_fills_its_width(steps: list[tuple[str, object]], width: int) -> None:
    form = whole(inventories=("a", "b"))
    for kind, what in steps:
        match kind, what:
            case "key", str(key):
                form = edited(form, key)
            case "text", str(text):
                form = typed(form, text)
            case "move", int(by):
                form = moved(form, by)
            case _, int(by):
                form = chosen(form, by or 1)
    for field in form.fields:
        assert 0 <= field.cursor <= len(field.value)
        assert not field.choices or field.value in ("", *field.choices)
    assert form.focus in order_of(form)
    found = rows_of(form, width)
    assert len(found.rows) == len(found.items)
    texts_of(found.rows, width)


def test_secrets_say_who_reads_them_and_who_is_asked() -> None:
    sources = {
        one.name: one
        for one in (
            SecretSource(name="TOKEN", kind=SourceKind.PROMPT, text="token of the registry"),
            SecretSource(name="SET", kind=SourceKind.ENV, variable="CI_TOKEN"),
            SecretSource(name="UNSET", kind=SourceKind.ENV, variable="MY_TOKEN"),
            SecretSource(name="KEY", kind=SourceKind.FILE, path="/etc/key"),
            SecretSource(name="PASS", kind=SourceKind.COMMAND, words=("pass", "show")),
        )
    }
    text = "\n".join(shown(whole(), secrets=sources, known_secrets=frozenset({"SET"})))
    assert "TOKEN" in text
    for sentence in (
        "asked when you start: token of the registry",
        "from your variable CI_TOKEN, which is set",
        "your variable MY_TOKEN is not set here, so it is asked when you start",
        "the controller reads the file /etc/key",
        "the controller asks pass show",
    ):
        assert sentence in text


def test_problems_are_shown_all_at_once_with_their_place() -> None:
    problems = ("deploy.yaml:14:9  stages[0].jobs.release.retrys: unknown key", "the inventory cannot be read")
    rows = shown(whole(), problems=problems)
    at = rows.index("\u2717 deploy.yaml:14:9")
    assert rows[at + 1] == "  stages[0].jobs.release.retrys: unknown key"
    assert rows[at + 2] == "\u2717 the inventory cannot be read"


def test_the_button_says_what_enter_does_and_what_is_waited_for() -> None:
    form = at_field(typed(form_of((RELEASE,)), "2.4.1"), START)
    assert "Start deploy-api" in shown(form)[-1]
    assert "enter shows all of it and asks" in shown(form)[-1]
    assert "starting it" in shown(form, is_sending=True)[-1]
    assert "putting together what is sent" in shown(form, is_asking=True)[-1]
    assert text_of(form_keys(form), 80).startswith(" enter shows what would run and asks")
    assert "space other" in text_of(form_keys(at_field(whole(), "param slot")), 80)


def test_without_colours_and_in_ascii_it_still_reads() -> None:
    scene = FormScene(form=left_all(whole()), pipeline="deploy-api", is_typed_in=True)
    text = "\n".join(texts_of(form_rows(scene, 60, ASCII).rows, 60, glyphs=ASCII))
    assert text.isascii()
    usable = FormScene(form=form_of((DRAIN,)), pipeline="deploy-api", is_plain=True)
    assert "[ Start deploy-api ]" in texts_of(form_rows(usable, 60, ASCII).rows, 60, glyphs=ASCII)[-1]
    assert len(form_rows(replace(usable, form=whole(), is_tight=True), 60, ASCII).rows) < len(
        form_rows(replace(usable, form=whole()), 60, ASCII).rows
    )
    assert "| " in text
