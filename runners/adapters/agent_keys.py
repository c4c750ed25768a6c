"""How many keys an SSH agent holds."""

from __future__ import annotations

import asyncio

import asyncssh

AGENT_DEADLINE_S = 3.0
"""An agent that was forwarded over a dead link accepts the connection and never answers."""


async def count_keys(path: str) -> int:
    """Keys of the agent at the socket ``path``. Raises ``OSError`` when it does not answer in time."""
    try:
        async with asyncio.timeout(AGENT_DEADLINE_S), asyncssh.connect_agent(path) as agent:
            return len(list(await agent.get_keys()))
    except TimeoutError:
        raise OSError(f"no answer within {AGENT_DEADLINE_S:g} s") from None
    except ValueError as error:
        raise OSError(f"no agent speaks there ({error})") from None
