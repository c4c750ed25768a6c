"""Record the stories that have no log yet: ``python -m tests.unit.recorded``."""

from __future__ import annotations

import asyncio

from runners.core.describe import document
from runners.engine.codec import read
from runners.model.wire import encode, event_to_json
from tests.flows.engine_kit import Kit
from tests.unit.recorded import HERE, VERSION
from tests.unit.recorded.stories import STORIES, Story


async def record(story: Story) -> tuple[bytes, bytes, bytes]:
    """Play a story on fakes: its events, its plan and its document."""
    kit = await Kit().start()
    uid = await story(kit)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    events = b"".join(event_to_json(read(row)) + b"\n" for row in kit.disk.events[uid])
    await kit.stop()
    return events, encode(state.plan), encode(document(state, ()))


def main() -> None:
    folder = HERE / VERSION
    folder.mkdir(exist_ok=True)
    for name, story in STORIES.items():
        if (folder / f"{name}.jsonl").exists():
            continue
        events, plan, final = asyncio.run(record(story))
        (folder / f"{name}.jsonl").write_bytes(events)
        (folder / f"{name}.plan.json").write_bytes(plan + b"\n")
        (folder / f"{name}.document.json").write_bytes(final + b"\n")
        print(f"recorded {VERSION}/{name}: {len(events.splitlines())} events")


if __name__ == "__main__":
    main()
