"""The dialog that a host is answered in before it lets us in: what is typed goes to it and is kept nowhere.

What the host wants to see unseen is never drawn; its own words are marked as such. A wrong answer asks again here, and
who is first counts: the others are told.
"""

from __future__ import annotations

from runners.model.api import LoginQuestion, LoginReply, LoginRequest
from runners.model.errors import ActionRefused, OndutyError
from runners.model.preview import Preview
from tui.bridge import Feed
from tui.screens.hidden_fields import HiddenFields
from tui.view.dialog_fields import NO, Form
from tui.view.login_dialog import fields_of, left_words, login_form, login_preview
from tui.view.logins import OpenLogin, open_logins

LOOK_S = 0.2
"""How often it looks whether somebody else answered."""
Said = tuple[str, str]
"""Kind and text of a toast."""


class LoginScreen(HiddenFields["Said | None"], inherit_bindings=False):
    """Answers a toast once the login is over, None when it was left."""

    def __init__(self, login: OpenLogin, feed: Feed) -> None:
        super().__init__(None)
        self._login = login
        self._feed = feed
        self._sent = False
        self._past: set[str] = set()
        """Questions that are over, though the status may tell of them once more."""
        self.ask_for(*fields_of(login))

    def on_mount(self) -> None:
        """Others may answer meanwhile."""
        super().on_mount()
        self.set_interval(LOOK_S, self._look)

    # ----- what is drawn

    @property
    def shown(self) -> Preview:
        """What is asked."""
        return login_preview(self._login, sent=self._sent)

    def form(self) -> Form:
        """A field for each prompt. Only what the host wants to see typed is in it."""
        echo = dict(zip(fields_of(self._login), (prompt.echo for prompt in self._login.question.prompts), strict=True))
        return login_form(
            self._login,
            {field: len(typed) for field, typed in self._typed.items()},
            {field: typed.reveal() for field, typed in self._typed.items() if echo.get(field)},
            self._focus,
            sent=self._sent,
        )

    # ----- the answer

    def fits(self, text: str) -> str:
        """One line: the first."""
        return (super().fits(text).splitlines() or [""])[0]

    def entered(self, field: str) -> None:
        """The last field sends: a code has seconds to live."""
        super().entered(field)
        if self._focus not in self._typed:
            self._send()

    def answer(self, button: str, at: float) -> None:
        """Leave it, or send what was typed."""
        if not self.is_top:
            return
        if button == NO:
            self.dismiss(None)
        else:
            self._send()

    def _send(self) -> None:
        if self._sent:
            return
        question = self._login.question
        answers = tuple(typed.reveal() for typed in self._typed.values())
        request = (
            LoginRequest(question=question.id, answers=answers)
            if question.prompts
            else LoginRequest(host=question.asker)
        )
        self.forget()
        self._past.add(question.id)
        self._sent = True
        self.paint()
        self.run_worker(self._tell(request))

    async def _tell(self, request: LoginRequest) -> None:
        try:
            reply = await self._feed.ask(lambda client: client.login(request))
        except ActionRefused as refused:
            self._over("warn", refused.message)
        except OndutyError as error:
            self._over("fail", f"{error.message}\n{error.hint}")
        else:
            self._take(reply)

    def _take(self, reply: LoginReply) -> None:
        if reply.question is not None and (reply.question.prompts or reply.question.lapsed):
            self._ask(reply.question)
        else:
            others = [one for one in open_logins(self._feed.hosts.values()) if one.asker != self._login.asker]
            more = left_words(len(others))
            text = f"{reply.text}\n{more}" if more else reply.text
            self._over("run" if reply.done or not reply.question else "warn", text)

    def _ask(self, question: LoginQuestion) -> None:
        self._login = OpenLogin(question=question, hosts=self._login.hosts, runs=self._login.runs)
        self._sent = False
        self.ask_for(*fields_of(self._login))
        self.canvas.forget()
        self.paint()

    def _over(self, kind: str, text: str) -> None:
        if self.is_attached:
            self.dismiss((kind, text))

    def _look(self) -> None:
        """The question may be answered by somebody else, asked anew, or not be needed any more."""
        if self._sent or not self.is_top:
            return
        now = next((one for one in open_logins(self._feed.hosts.values()) if one.asker == self._login.asker), None)
        if now is None:
            self._over("warn", f"{self._login.asker} waits for nobody any more; nothing was sent")
        elif now.question.id != self._login.question.id and now.question.id not in self._past:
            self._past.add(self._login.question.id)
            self._ask(now.question)
