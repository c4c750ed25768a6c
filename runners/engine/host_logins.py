"""What people do about logins that wait for them."""

from __future__ import annotations

from runners.engine.host_pool import HostPool
from runners.model.api import LoginReply, LoginRequest
from runners.model.errors import InputRefused, NotFound
from runners.ports.logins import Logins


class HostLogins:
    """Answers go to whoever asked; the hosts that waited go on by themselves."""

    def __init__(self, logins: Logins, pool: HostPool) -> None:
        self._logins = logins
        self._pool = pool
        logins.listen(pool.logins_moved)

    @property
    def waiting(self) -> int:
        """How many things there are to answer or to bring."""
        return len({link.login for link in self._pool.waiting_for_login()})

    async def act(self, request: LoginRequest, actor: str) -> LoginReply:
        """Answer, try now, or forget keys.

        Raises ``ActionRefused`` when somebody was first, and ``NotFound`` for a host whose login waits for nobody.
        """
        if request.forget:
            count = self._logins.forget_keys()
            keys = {0: "no key was unlocked", 1: "one unlocked key is forgotten"}
            return LoginReply(text=keys.get(count, f"{count} unlocked keys are forgotten"), done=True)
        if request.question:
            return await self._logins.answer(request.question, request.answers, actor)
        if not request.host:
            raise InputRefused("a login has a question or a host; nothing was done")
        waiting = self._pool.waiting_for_login(request.host)
        if not waiting:
            raise NotFound(f"{request.host}: no login there waits for anybody", hint="onduty hosts")
        reply = await self._logins.try_now(waiting[0].host)
        for link in waiting:
            link.look_again()
        return reply
