"""What the screen remembers of how hosts were: each look once, nothing of a host that is not connected any more."""

from __future__ import annotations

from runners.model import api
from runners.model.metrics import HostReading
from tui.bridge import Feed
from tui.view.host_state import KEPT_READINGS


def told(feed: Feed, **readings: HostReading | None) -> None:
    hosts = tuple(
        api.HostStatus(name=name, address=name, phase="connected", reading=reading)
        for name, reading in readings.items()
    )
    feed._take_readings(hosts)


def test_each_look_is_kept_once_and_no_more_than_fit_a_graph() -> None:
    feed = Feed(connect=lambda: None)  # type: ignore[arg-type]
    for at in range(KEPT_READINGS + 10):
        for _ in range(3):
            told(feed, web1=HostReading(at=float(at)))
    kept = feed.readings["web1"]
    assert len(kept) == KEPT_READINGS
    assert [reading.at for reading in kept][-2:] == [KEPT_READINGS + 8.0, KEPT_READINGS + 9.0]


def test_a_host_whose_connection_went_begins_anew() -> None:
    feed = Feed(connect=lambda: None)  # type: ignore[arg-type]
    told(feed, web1=HostReading(at=1.0), web2=HostReading(at=1.0))
    told(feed, web1=None, web2=HostReading(at=2.0))
    assert "web1" not in feed.readings
    told(feed, web2=HostReading(at=4.0), web1=HostReading(at=4.0))
    assert [reading.at for reading in feed.readings["web1"]] == [4.0]
    assert len(feed.readings["web2"]) == 3
