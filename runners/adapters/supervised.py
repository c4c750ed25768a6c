"""A session with one host, spoken with its supervisors over shells that somebody else opened.

One conversation for the account that logged in, and one more for each user that sudo makes of us, all on the same
connection: two shells each, a helper that takes requests and pushes completions, a follower that ships what grows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from runners.adapters.conversation import REQUEST_DEADLINE_S, Conversation
from runners.adapters.courier import open_courier
from runners.adapters.opened_shell import OpenedShell, open_supervised_shell
from runners.adapters.session_voice import Voice
from runners.adapters.shell_channel import OpenShell, ShellLost
from runners.adapters.sockets import open_socket
from runners.adapters.sudo_shell import Become, SudoSilent
from runners.adapters.to_the_end import to_the_end
from runners.model.definition import ROOT
from runners.model.errors import HostRefused, SessionLost, SudoRefused
from runners.model.inventory import Host
from runners.model.metrics import HostSample
from runners.ports.byte_stream import ByteStream, OpenStream
from runners.ports.courier import Courier
from runners.ports.transport import ExecutionReport, ExecutionRequest, HostFacts, SessionSink, Supervisor
from runners.remote.handshake import Role
from runners.remote.request import RequestRefused

MOST_USERS = 3
"""Users that sudo makes of us at the same time: with our own they need eight of sshd's ten sessions."""

ROOM_LOOK_S = 0.1
"""Between two looks for one that is not used any more."""

log = logging.getLogger("onduty.session")


async def open_session(
    host: Host,
    open_shell: OpenShell,
    sink: SessionSink,
    *,
    connect_s: float,
    open_stream: OpenStream = open_socket,
    deadline_s: float = REQUEST_DEADLINE_S,
) -> SupervisedSession:
    """Open the helper and return a session with ``host``; nothing of a job ran there before it returns.

    ``connect_s`` is what the connection took; ``open_stream`` connects from the host to somewhere. Raises ``ShellLost``
    when the shell or the connection ended meanwhile, and ``HostRefused`` when the host cannot serve.
    """
    opened = await open_supervised_shell(open_shell, "helper", host.name)
    return SupervisedSession(
        host, open_shell, opened, sink, connect_s=connect_s, open_stream=open_stream, deadline_s=deadline_s
    )


class SupervisedSession:
    """Keeps what ``HostSession`` promises. Made by ``open_session``."""

    def __init__(
        self,
        host: Host,
        open_shell: OpenShell,
        opened: OpenedShell,
        sink: SessionSink,
        *,
        connect_s: float,
        open_stream: OpenStream,
        deadline_s: float,
    ) -> None:
        self.facts = HostFacts(
            boot_id=opened.opened.boot_id,
            clock_offset_s=opened.clock_offset_s,
            state_dir=opened.folder,
            user=opened.opened.user,
            connect_s=connect_s,
        )
        self._host = host
        self._open_shell = open_shell
        self._open_stream = open_stream
        self._deadline_s = deadline_s
        self._voice = Voice(host.name, sink, let_go=self._let_go)
        self._users: dict[str, Conversation] = {}
        """Those that sudo made of us, who was used last at the end."""
        self._becoming = asyncio.Lock()
        self._left: set[asyncio.Task[None]] = set()
        self._own = self._conversation(opened, None)

    # ----- HostSession

    async def start(self, request: ExecutionRequest) -> ExecutionReport:
        """As the promise says."""
        return await self._own.start(request)

    async def ask(self, keys: Sequence[str]) -> Sequence[ExecutionReport]:
        """As the promise says."""
        return await self._own.ask(keys)

    async def seal(self, key: str) -> ExecutionReport:
        """As the promise says. Raises ``HostRefused`` when the disk takes no claim."""
        return await self._own.seal(key)

    async def follow(self, key: str, offset: int) -> None:
        """As the promise says."""
        await self._own.follow(key, offset)

    async def output(self, key: str, size_bytes: int) -> bytes:
        """As the promise says."""
        return await self._own.output(key, size_bytes)

    async def cancel(self, key: str, grace_s: float) -> None:
        """As the promise says."""
        await self._own.cancel(key, grace_s)

    async def remove(self, keys: Sequence[str]) -> None:
        """As the promise says."""
        await self._own.remove(keys)

    async def sample(self, keys: Sequence[str] = (), *, rooms: bool = False) -> HostSample:
        """As the promise says."""
        return await self._own.sample(keys, rooms=rooms)

    async def under(self, user: str) -> Supervisor:
        """As the promise says."""
        self._voice.check()
        if not user:
            return self._own
        while user not in self._users:
            async with self._becoming:
                if user not in self._users:
                    await self._make_room()
                    self._users[user] = await self._become(user)
        found = self._users[user] = self._users.pop(user)
        return found

    async def remove_workdirs(self, workdirs: Sequence[str], sharers: Sequence[str] = ()) -> None:
        """As the promise says. Nobody else is asked to delete what the account itself could."""
        if not workdirs:
            return
        await self._own.remove_work_folders(workdirs)
        # What others own may stand around what the account owns: twice is enough for what tasks leave.
        for user in (*sharers, *sharers) if sharers else ():
            left = await self._own.work_folders(workdirs)
            if not left:
                return
            try:
                other = await self.under(user)
                assert isinstance(other, Conversation)
                await other.remove_work_folders(left)
            except (SudoRefused, HostRefused, RequestRefused) as refused:
                log.warning("%s: work folders stay: %s", self._host.name, refused)
            await self._own.remove_work_folders(workdirs)

    async def open_courier(self, workdir: str, dir: str | None, sharers: Sequence[str] = ()) -> Courier:
        """As the promise says."""
        self._voice.check()
        path = await self._own_folder(workdir, sharers)
        return await open_courier(
            self._open_shell,
            self._host.name,
            workfolder=path if path.startswith("/") else f"{self.facts.state_dir}/work/{workdir}",
            folder=dir,
            judge=self._judge_lost,
        )

    async def _judge_lost(self, lost: ShellLost) -> None:
        """Raise ``SessionLost`` when the connection went, and not only a shell on it."""
        await self._own.ping()

    async def open_stream(self, host: str, port: int) -> ByteStream:
        """As the promise says."""
        self._voice.check()
        return await self._open_stream(host, port)

    async def close(self) -> None:
        """As the promise says."""
        everybody = (self._own, *self._users.values())
        self._voice.close()
        leaving = (self._voice.wait_closed(), *(one.wait_closed() for one in everybody), *self._left)
        # Who leaves may be told to stop meanwhile; the shells are half gone then, and nobody else waits for them.
        await to_the_end(asyncio.gather(*leaving, return_exceptions=True))

    # ----- conversations

    def _conversation(self, opened: OpenedShell, who: Become | None) -> Conversation:
        async def open_follower() -> OpenedShell:
            return await self._opened("follower", who)

        return Conversation(
            self._voice,
            opened,
            open_follower,
            work_folder=self._shared_folder if who else self._own_folder,
            deadline_s=self._deadline_s,
        )

    async def _opened(self, role: Role, who: Become | None) -> OpenedShell:
        try:
            return await open_supervised_shell(self._open_shell, role, self._host.name, who=who)
        except SudoSilent as silent:
            # Silence of sudo, or of the link? The account's own helper knows; else the session is lost in this.
            await self._own.ping()
            raise SudoRefused(f"{silent}; nothing was started there") from None

    async def _become(self, user: str) -> Conversation:
        who = Become(user=user, host=self._host.name, login=self.facts.user)
        try:
            opened = await self._opened("helper", who)
        except ShellLost as lost:
            self._voice.lose(str(lost))
            raise SessionLost(f"the session with {self._host.name} ended ({lost})") from None
        except RequestRefused as refused:
            raise SudoRefused(f"{self._host.name}: {refused}; nothing was started there") from None
        found = self._conversation(opened, who)
        if self._voice.over:
            found.close()
            self._voice.check()
        return found

    async def _make_room(self) -> None:
        """Let go of who was not used for the longest time. While all are in use, wait for one."""
        while len(self._users) >= MOST_USERS:
            self._voice.check()
            for user, one in self._users.items():
                if one.idle:
                    del self._users[user]
                    one.close()
                    self._spare(one)
                    return
            await asyncio.sleep(ROOM_LOOK_S)

    def _spare(self, one: Conversation) -> None:
        closing = asyncio.create_task(one.wait_closed(), name=f"leaving a user of {self._host.name}")
        self._left.add(closing)
        closing.add_done_callback(self._left.discard)

    # ----- work folders

    async def _own_folder(self, workdir: str, sharers: Sequence[str]) -> str:
        # Everything is root's anyway.
        if all(user == ROOT for user in sharers):
            return workdir
        return await self._shared_folder(workdir, sharers)

    async def _shared_folder(self, workdir: str, sharers: Sequence[str]) -> str:
        return await self._own.make_work_folder(workdir, sharers)

    def _let_go(self) -> None:
        for one in (self._own, *self._users.values()):
            one.close()
