"""What somebody is asked before a host lets us in, in the words of a dialog. What the host says itself is marked as its
own: anybody could have written it."""

from __future__ import annotations

from runners.model.preview import Preview
from tui.view.dialog_fields import Form, Hidden
from tui.view.durations import count
from tui.view.facts import listed
from tui.view.logins import OpenLogin
from tui.view.safe_text import SafeText, own

_TYPED = {
    "host": "What you type goes to that host and is kept nowhere.",
    "password": "What you type goes to that host and is kept nowhere.",
    "passphrase": "It unlocks the key in the controller's memory until that ends; it is kept nowhere.",
}
_TRY = "Log in tries it now, with the SSH agent of this terminal."


def login_preview(login: OpenLogin, *, sent: bool) -> Preview:
    """Who asks what, and who waits for it."""
    question = login.question
    sentences = [f"{question.text}."]
    if login.behind:
        sentences.append(f"{listed(login.behind)} {'waits' if len(login.behind) == 1 else 'wait'} for it.")
    if sent:
        sentences.append(f"Sent; {login.asker} has not said yet what it thinks of that.")
    elif question.lapsed:
        sentences.append("Log in lets it ask anew, then you type.")
    elif question.prompts:
        sentences.append(_TYPED.get(question.kind, _TYPED["host"]))
    else:
        sentences.append(_TRY)
    return Preview(title=f"login to {login.asker}", scope=" ".join(sentences))


def login_form(login: OpenLogin, typed: dict[str, int], shown: dict[str, str], focus: str, *, sent: bool) -> Form:
    """Fields and what the host says. ``typed`` has the characters by field, ``shown`` the text where it may be seen."""
    question = login.question
    asked = () if sent else question.prompts
    return Form(
        focus=focus,
        said=() if question.lapsed else question.words,
        said_by=login.asker,
        note="" if sent else question.note,
        hidden=tuple(
            Hidden(field, prompt.text, "", "", typed.get(field, 0), "", text=shown.get(field))
            for field, prompt in zip(fields_of(login), asked, strict=False)
        ),
        is_secret=True,
    )


def fields_of(login: OpenLogin) -> tuple[str, ...]:
    """Names of the fields, one for each prompt."""
    return tuple(f"answer {number}" for number, _ in enumerate(login.question.prompts, 1))


def left_words(others: int) -> SafeText:
    """What still waits once one is answered; empty: nothing."""
    return own("") if not others else own(f"{count(others, 'login')} more to answer")
