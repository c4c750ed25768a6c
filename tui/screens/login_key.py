"""The key that answers a host before it lets us in, on every screen that shows hosts or what waits for them."""

from __future__ import annotations

from tui.screens.painted import PaintedScreen
from tui.view.logins import next_login


class LoginKey(PaintedScreen, inherit_bindings=False):
    """A subclass says what is answered first, and in ``why_not`` where nobody asks."""

    def login_first(self) -> tuple[str, str]:
        """Names of the run and the host whose login is answered first; empty: any."""
        raise NotImplementedError

    def do_login(self) -> None:
        """Answer the host that asks."""
        from tui.screens.login import LoginScreen, Said

        run, host = self.login_first()
        login = next_login(self.onduty.feed.hosts.values(), run=run, host=host)
        if login is None:
            return

        def told(said: Said | None) -> None:
            if said is not None:
                self.say(*said)

        self.app.push_screen(LoginScreen(login, self.onduty.feed), told)
