"""The log pane: what it finds, filters and goes to."""

from __future__ import annotations

from tests.screens.drawn import strips_of
from tests.screens.logs import MemoryLog, at, live_view
from tests.screens.paned import Paned, settled, shown, title
from tui.view.log_document import LineAt


async def test_e_goes_through_the_errors_and_says_when_there_are_no_more() -> None:
    lines = [f"line {number}" for number in range(100)]
    lines[20], lines[60], lines[61] = "ERROR: first", "connect: connection refused", "0 errors, all fine"
    app = Paned(live_view(MemoryLog(), lines=lines))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("g", "e")
        await settled(pilot)
        assert title(app).endswith("line 21 of 100  paused")
        assert any(row.startswith(" ▸") and "ERROR: first" in row for row in shown(app))
        await pilot.press("e")
        await settled(pilot)
        assert app.pane.current_line == 61
        await pilot.press("e")
        await settled(pilot)
        assert app.ends == [True]
        assert app.pane.current_line == 61
        await pilot.press("E")
        await settled(pilot)
        assert app.pane.current_line == 21


async def test_find_is_incremental_counted_and_goes_round() -> None:
    lines = [f"line {number}" for number in range(100)]
    for number in (10, 50, 90):
        lines[number] = f"bind: EADDRINUSE on web{number}"
    app = Paned(live_view(MemoryLog(), lines=lines))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("g", "slash", *"eaddr")
        await settled(pilot)
        assert shown(app)[-1].startswith("  / eaddr")
        assert shown(app)[-1].endswith("1 of 3   n N   esc")
        assert app.pane.current_line == 11
        await pilot.press("enter", "n")
        await settled(pilot)
        assert app.pane.current_line == 51
        assert "2 of 3" in shown(app)[-1]
        await pilot.press("N", "N")
        await settled(pilot)
        await pilot.press("N")
        await settled(pilot)
        hit = next(strip for strip in strips_of(app) if "EADDR" in strip.text)
        assert [segment.text for segment in hit if segment.style and segment.style.bgcolor and segment.text == "EADDR"]
        await pilot.press("escape")
        assert "esc" not in shown(app)[-1]


async def test_a_pattern_that_cannot_be_used_says_why() -> None:
    app = Paned(live_view(MemoryLog(), lines=["a(b", "c"]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("slash", *"a(b")
        await settled(pilot)
        assert "missing )" in shown(app)[-1]
        await pilot.press("escape", "slash", *"zzz")
        await settled(pilot)
        assert "no match" in shown(app)[-1]


async def test_keys_go_into_the_find_bar_while_typing() -> None:
    app = Paned(live_view(MemoryLog(), lines=["fgwteEnN"]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("slash", *"fgwte", "backspace")
        assert "/ fgwt" in shown(app)[-1]
        assert app.pane.following or app.pane.current_line == 1
        await pilot.press("ctrl+u", "enter")
        assert not app.pane.is_typing
        assert "/" not in shown(app)[-1]


async def test_the_scroll_column_marks_errors_and_is_there_only_when_it_scrolls() -> None:
    lines = [f"line {number}" for number in range(200)]
    lines[100] = "fatal: no"
    app = Paned(live_view(MemoryLog(), lines=lines))
    async with app.run_test(size=(60, 22)) as pilot:
        await settled(pilot)
        app.pane.look_for_news()
        column = [row[59:60] for row in shown(app)]
        assert column[12] == "▸"
        assert column[-1] == "┃"
        assert column[2] == "│"
        app.pane.show(live_view(MemoryLog(), id="short", lines=["one"]))
        await pilot.pause()
        assert {row[59:60] for row in shown(app)} == {""}


async def test_a_filter_leaves_what_matches_counts_it_and_keeps_the_place_when_it_ends() -> None:
    lines = [f"line {number}" for number in range(300)]
    for number in range(50, 300, 50):
        lines[number] = f"EADDR on web{number}"
    log = MemoryLog()
    app = Paned(live_view(log, lines=lines))
    async with app.run_test(size=(100, 12)) as pilot:
        app.pane.go_to(LineAt(0, 150))
        place = next(y for y, row in enumerate(shown(app)) if "web150" in row)
        await pilot.press("ampersand", *"eaddr")
        await settled(pilot)
        assert shown(app)[-1].startswith("  & eaddr")
        await pilot.press("enter")
        assert 'filter "eaddr": 5 of 300 lines  paused' in title(app)
        assert [row.split()[-1] for row in shown(app)[3:8]] == ["web50", "web100", "web150", "web200", "web250"]
        await pilot.press("x")
        await settled(pilot)
        assert ", 3 around" in title(app)
        assert sum("╌╌" in row and "fetch" not in row for row in shown(app)) == 1
        await pilot.press("x", "x", "G")
        assert title(app).endswith("following")
        log.written += [b"nothing", b"eaddr again"]
        app.pane.look_for_news()
        await settled(pilot)
        assert shown(app)[-1].endswith("eaddr again") or shown(app)[8].endswith("eaddr again")
        assert "6 of 302 lines" in title(app)
        app.pane.go_to(LineAt(0, 150))
        await pilot.press("escape")
        assert title(app).endswith("line 151 of 302  paused")
        assert any("web150" in row for row in shown(app)), place


async def test_find_and_errors_go_through_what_a_filter_leaves() -> None:
    lines = [f"{'error' if number % 10 == 0 else 'line'} {number} {'web3' if number % 15 == 0 else 'web1'}"
             for number in range(200)]  # fmt: skip
    app = Paned(live_view(MemoryLog(), lines=lines))
    async with app.run_test(size=(100, 12)) as pilot:
        await pilot.press("g", "ampersand", *"!web1", "enter")
        await settled(pilot)
        assert "14 of 200 lines" in title(app)
        await pilot.press("e")
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot)
        assert app.pane.current_line == 31
        await pilot.press("slash", *"line")
        await settled(pilot)
        assert app.pane.current_line == 46
        await pilot.press("enter")
        assert "1 of 7" in shown(app)[-1] or "2 of 7" in shown(app)[-1]
        await pilot.press("N")
        await settled(pilot)
        assert app.pane.current_line == 16


async def test_a_filter_that_cannot_be_used_says_why_and_hides_nothing() -> None:
    app = Paned(live_view(MemoryLog(), lines=["one", "two"]))
    async with app.run_test(size=(100, 12)) as pilot:
        await pilot.press("ampersand", "left_parenthesis")
        await settled(pilot)
        assert "missing )" in shown(app)[-1]
        assert "two" in shown(app)[4]
        await pilot.press("escape", "x")
        assert app.pane.check_action("end_find", ()) is False


async def test_j_goes_to_a_time_a_line_or_a_share_and_says_what_it_understands() -> None:
    view = live_view(MemoryLog(), lines=[f"line {number}" for number in range(1000)])
    log = view.parts[0].source
    assert isinstance(log, MemoryLog)
    log.times = [at("12:00:00") + number for number in range(1000)]
    app = Paned(view)
    async with app.run_test(size=(100, 12)) as pilot:
        for typed, line in (
            ("12:04", 241),
            ("-2m", 121),
            ("+30s", 151),
            (":812", 812),
            ("50%", 500),
            ("12:16:39", 1000),
        ):
            await pilot.press("J", *typed, "enter")
            assert app.pane.current_line == line, typed
            assert not app.pane.is_typing
        await pilot.press("J", *"noon", "enter")
        assert "understood are 12:04, 12:04:33" in shown(app)[-1]
        await pilot.press("ctrl+u", *"13:00", "enter")
        assert "the log goes from 12:00:00 to 12:16:39" in shown(app)[-1]
        await pilot.press("ctrl+u", *":2000", "enter")
        assert "there are 1000 lines" in shown(app)[-1]
        await pilot.press("escape")
        assert app.pane.current_line == 1000
