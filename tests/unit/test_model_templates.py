"""``{{ host.address }}`` outside of commands: found, filled once, refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.templates import Name, Scope, TemplateRefused, fill, names, parse

SCOPE = Scope(values={"host.address": "10.0.0.1", "host.labels.zone": "a", "params.release": "2.4.1"})


def test_names_are_filled_and_the_rest_stays_as_it_was_typed() -> None:
    text = "http://{{ host.address }}:8080/{{params.release}}?zone={{host.labels.zone}}"
    assert SCOPE.fill(text) == "http://10.0.0.1:8080/2.4.1?zone=a"
    assert [str(name) for name in names(text)] == ["host.address", "params.release", "host.labels.zone"]


def test_a_value_with_braces_is_not_filled_again() -> None:
    scope = Scope(values={"params.a": "{{ params.b }}", "params.b": "secret"})
    assert scope.fill("{{ params.a }}") == "{{ params.b }}"


def test_two_braces_are_written_between_quotes() -> None:
    assert fill("{{ '{{' }} x }}", lambda name: "never") == "{{ x }}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a {{ host.name", '"{{" is not closed by "}}"'),
        ("{{ }}", '"{{  }}" is no name; write one such as {{ host.address }}'),
        ("{{ host..name }}", '"{{ host..name }}" is no name; write one such as {{ host.address }}'),
        ("{{ host.name | upper }}", '"{{ host.name | upper }}" is no name; write one such as {{ host.address }}'),
    ],
)
def test_what_is_no_template_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        parse(text)
    assert str(refused.value) == why


def test_a_name_without_a_value_is_refused_when_it_is_used_and_stays_when_it_is_shown() -> None:
    with pytest.raises(TemplateRefused, match=r"secrets\.TOKEN has no value here"):
        SCOPE.fill("{{ secrets.TOKEN }}")
    assert SCOPE.shown("{{secrets.TOKEN}} {{ host.address }}") == "{{ secrets.TOKEN }} 10.0.0.1"
    assert SCOPE.shown("{{ broken") == "{{ broken"


@given(st.lists(st.one_of(st.text("ab{}' .", max_size=6), st.sampled_from(["{{ host.address }}", "{{x}}"]))))
def test_any_text_is_parsed_or_refused_and_nothing_else_happens(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        pieces = parse(text)
    except TemplateRefused:
        return
    assert fill(text, lambda name: "V").count("V") == sum(isinstance(piece, Name) for piece in pieces)


@given(st.text("abc }:/.", max_size=40))
def test_text_without_two_opening_braces_is_itself(text: str) -> None:
    assert fill(text, lambda name: "never") == text
