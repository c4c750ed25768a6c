"""The log pane: what it shows of an attempt, how it moves, what it reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.screens.drawn import strips_of
from tests.screens.logs import MemoryLog, failed_view, live_view
from tests.screens.paned import Paned, drawn, settled, shown, title
from tui.view.log_document import LineAt
from tui.view.theme import DARK
from tui.widgets import log_core
from tui.widgets.log_lines import LogPart
from tui.widgets.log_pane import LogPane
from tui.widgets.log_view import LogView


async def test_an_attempt_is_its_tasks_one_after_the_other() -> None:
    app = Paned(failed_view())
    async with app.run_test(size=(86, 22)) as pilot:
        await pilot.pause()
        rows = shown(app)
        assert rows[0] == ""
        assert rows[1] == " release@web3   restart   attempt 1 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 14 lines  following"
        assert rows[2] == "  12:04:12  fetch ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ ✓ exit 0   14.2s"
        assert rows[3] == "  12:04:12  GET registry.internal/api/2.4.1/manifest.json"
        assert rows[8] == "  12:04:27  restart ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ ✗ exit 1    6.2s"
        assert rows[14] == " ▸12:04:33  bind: address already in use (0.0.0.0:8080)"
        assert rows[18] == "            held for a person: restart is not repeatable, 2 attempts left"


async def test_the_first_bad_line_is_bold_on_its_tint_from_edge_to_edge() -> None:
    app = Paned(failed_view())
    async with app.run_test(size=(86, 22)) as pilot:
        await pilot.pause()
        strip = strips_of(app)[14]
        for segment in strip:
            assert segment.style is not None
            assert segment.style.bgcolor is not None
            assert segment.style.bgcolor.triplet is not None
            assert segment.style.bgcolor.triplet.hex.upper() == DARK.colours["failbg"]
        bad = next(segment for segment in strip if "bind" in segment.text)
        assert bad.style is not None
        assert bad.style.bold


async def test_a_failed_log_opens_with_its_first_bad_line_in_view() -> None:
    view = failed_view()
    app = Paned(view)
    async with app.run_test(size=(86, 6)) as pilot:
        await pilot.pause()
        assert any(row.startswith(" ▸12:04:33") for row in shown(app))
        assert title(app).endswith("line 11 of 14")


async def test_following_keeps_the_end_in_view_while_the_log_grows() -> None:
    log = MemoryLog()
    app = Paned(live_view(log, lines=[f"line {number}" for number in range(1, 51)]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        assert "line 50" in shown(app)[-1]
        assert title(app).endswith("50 lines  following")
        log.written += [b"line 51", b"line 52"]
        app.pane.look_for_news()
        await pilot.pause()
        assert "line 52" in shown(app)[-1]
        assert title(app).endswith("52 lines  following")


async def test_a_flood_is_drawn_without_anybody_pressing_a_key() -> None:
    log = MemoryLog()
    app = Paned(live_view(log, lines=["line 1"]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        for number in range(3):
            log.written += [b"line"] * (2 * log_core.FLOOD_LINES) + [b"end %d" % number]
            await drawn(pilot, f"end {number}")


async def test_scrolling_up_lets_go_and_says_how_much_is_new() -> None:
    log = MemoryLog()
    app = Paned(live_view(log, lines=[f"line {number}" for number in range(1, 51)]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("g")
        assert title(app).endswith("line 1 of 50  paused")
        log.written += [b"more"] * 40
        app.pane.look_for_news()
        await pilot.pause()
        assert title(app).endswith("line 1 of 90  paused, 40 new")
        assert "line 1" in shown(app)[3]
        await pilot.press("f")
        assert title(app).endswith("90 lines  following")


async def test_reaching_the_end_follows_again() -> None:
    app = Paned(live_view(MemoryLog(), lines=[f"line {number}" for number in range(1, 31)]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("up", "up")
        assert title(app).endswith("paused")
        await pilot.press("down", "down")
        assert title(app).endswith("following")
        await pilot.press("pageup")
        assert "line 11" in shown(app)[2]
        await pilot.press("ctrl+u", "ctrl+d", "pagedown")
        assert app.pane.following


async def test_only_lines_in_view_are_read() -> None:
    log = MemoryLog()
    app = Paned(live_view(log, lines=[f"line {number}" for number in range(100_000)]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        await pilot.press("g", "G", "pageup")
        assert sum(count for _, count in log.reads) < 200


async def test_a_line_of_twenty_megabytes_is_never_read_whole() -> None:
    log = MemoryLog(written=[b"x" * 20_000_000, b"after"])
    sizes: list[int] = []
    read = log.read_lines

    def watched(first: int, count: int, max_line_bytes: int = 4096) -> list[bytes]:
        sizes.append(max_line_bytes)
        return read(first, count, max_line_bytes)

    log.read_lines = watched  # type: ignore[method-assign]
    app = Paned(live_view(log))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert shown(app)[3].endswith("xxx⋯")
        await pilot.press("w", "g")
        assert shown(app)[4].startswith(" " * 14 + "xxx")
        assert max(sizes) <= 16 * 1024


async def test_long_lines_are_cut_or_wrapped_with_an_indent() -> None:
    app = Paned(live_view(MemoryLog(), lines=["0123456789" * 10, "next"]))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert shown(app)[3] == "            " + ("0123456789" * 5)[:46] + "⋯"
        await pilot.press("w")
        assert shown(app)[3] == "            " + ("0123456789" * 5)[:47]
        assert shown(app)[4] == "              " + ("0123456789" * 10)[47:92]
        assert shown(app)[5] == "              " + ("0123456789" * 10)[92:]
        assert shown(app)[6] == "            next"


async def test_wrapped_lines_scroll_row_by_row() -> None:
    app = Paned(live_view(MemoryLog(), lines=["a" * 300, *(f"line {number}" for number in range(20))]))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("w", "g", "down", "down")
        assert shown(app)[2][:59] == "              " + "a" * 45
        await pilot.press("up")
        assert shown(app)[2][:59] == "            " + "a" * 47
        await pilot.press("G")
        assert "line 19" in shown(app)[-1]
        assert app.pane.following


async def test_times_can_be_switched_off() -> None:
    app = Paned(failed_view())
    async with app.run_test(size=(86, 22)) as pilot:
        await pilot.press("t")
        assert shown(app)[3] == "   GET registry.internal/api/2.4.1/manifest.json"
        assert shown(app)[14] == " ▸ bind: address already in use (0.0.0.0:8080)"


async def test_another_log_starts_anew_and_news_of_the_same_keep_the_place() -> None:
    log = MemoryLog()
    view = live_view(log, lines=[f"line {number}" for number in range(100)])
    app = Paned(view)
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("g", "down", "down")
        before = shown(app)[2:]
        app.pane.show(live_view(log))
        await pilot.pause()
        assert shown(app)[2:] == before
        app.pane.show(live_view(MemoryLog(), id="other", lines=["fresh"]))
        await pilot.pause()
        assert app.pane.following
        assert shown(app)[3].endswith("fresh")


async def test_half_a_line_is_whole_once_its_execution_has_ended_also_when_somebody_else_saw_it_grow() -> None:
    log = MemoryLog()
    view = live_view(log, lines=["first", "half"])
    app = Paned(view)
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        assert shown(app)[4].endswith("half")
        log.written[-1] = b"half a line and its rest"
        log.refresh()
        (part,) = view.parts
        app.pane.show(replace(view, parts=(LogPart(replace(part.section, live=False), log),)))
        await pilot.pause()
        assert shown(app)[4].endswith("half a line and its rest")


async def test_a_resize_keeps_the_place() -> None:
    app = Paned(live_view(MemoryLog(), lines=[f"line {number}" for number in range(100)]))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("g", *["down"] * 30)
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert "line 29" in shown(app)[2]


async def test_a_log_that_cannot_be_read_says_so_and_the_pane_lives() -> None:
    log = MemoryLog(written=[b"a", b"b"])

    def broken(first: int, count: int, max_line_bytes: int = 4096) -> list[bytes]:
        raise OSError("Input/output error\x1b]0;x\x07")

    log.read_lines = broken  # type: ignore[method-assign]
    app = Paned(live_view(log))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        assert "Input/output error" in shown(app)[3]
        assert title(app).endswith("2 lines  following")


async def test_an_empty_log_says_what_it_is() -> None:
    app = Paned(LogView(id="x", name=failed_view().name))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        assert shown(app)[2] == " Nothing has run here yet."


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (12, 3), (20, 6)])
async def test_no_size_breaks_the_pane(size: tuple[int, int]) -> None:
    app = Paned(failed_view())
    async with app.run_test(size=size) as pilot:
        await pilot.press("w", "g", "G", "t", "slash", "a")
        app.pane.go_to(LineAt(1, 5))
        await settled(pilot)
        assert all(strip.cell_length == size[0] for strip in strips_of(app))


async def test_a_megabyte_in_one_line_is_looked_at_sideways_without_reading_it() -> None:
    long = b"".join(b"%07d " % number for number in range(0, 1_000_000, 8))
    log = MemoryLog(written=[long, b"short"])
    parts: list[int] = []
    read = log.read_part
    log.read_part = lambda line, start, most: parts.append(most) or read(line, start, most)  # type: ignore[assignment, func-returns-value]
    app = Paned(live_view(log))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert "0000000 0000008" in shown(app)[3]
        await pilot.press("greater_than_sign")
        assert shown(app)[3].split()[-2] == "0000056"
        for _ in range(400):
            app.pane.action_sideways(1)
        await pilot.pause()
        assert "0009224" in shown(app)[3]
        assert max(parts) <= 8192
        for _ in range(401):
            app.pane.action_sideways(-1)
        assert app.pane.column == 0


async def test_a_progress_bar_shows_its_last_state_and_wrapped_all_of_them() -> None:
    states = b"\r".join(b" %d%% done" % number for number in range(101))
    log = MemoryLog(written=[states, b"plain\r", b"x" * 5000 + b"\r100%"])
    app = Paned(live_view(log))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert shown(app)[3] == "            ⋯  100% done"
        assert shown(app)[4] == "            plain"
        assert shown(app)[5] == "            ⋯ 100%"
        await pilot.press("w", "g")
        assert shown(app)[3].startswith("             0% done ")
        assert shown(app)[4].startswith("               1% done ")


async def test_colours_of_hosts_can_be_switched_off() -> None:
    log = MemoryLog(written=[b"\x1b[32mgreen\x1b[0m plain"])
    app = Paned(live_view(log))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()

        def colour() -> object:
            strip = strips_of(app)[3]
            return next(s.style.color for s in strip if s.style and s.text.startswith("green"))

        before = colour()
        await pilot.press("C")
        assert colour() != before


async def test_a_log_that_is_silent_says_how_old_its_last_line_is() -> None:
    log = MemoryLog(written=[b"one"], times=[1000.0])
    app = Paned(live_view(log))
    app.pane = LogPane(id="log", now=lambda: 1046.0)
    async with app.run_test(size=(100, 12)) as pilot:
        await pilot.pause()
        assert title(app).endswith("1 line  following, last line 46s ago")


def marked(app: Paned) -> tuple[LineAt, LineAt] | None:
    return app.pane.marked


async def test_space_marks_a_range_that_moving_makes_longer_and_space_ends() -> None:
    app = Paned(live_view(MemoryLog(), lines=[f"line {number}" for number in range(1, 101)]))
    async with app.run_test(size=(86, 12)) as pilot:
        app.pane.go_to(LineAt(0, 40))
        await pilot.press("space", "j", "j")
        assert [row.split()[2] for row in shown(app) if row.startswith(" +")] == ["41", "42", "43"]
        copied = app.pane.copied()
        assert copied is not None
        assert copied.text == "line 41\nline 42\nline 43"
        await pilot.press("space", "j", "j", "j")
        assert marked(app) == (LineAt(0, 40), LineAt(0, 42))
        await pilot.press("escape")
        assert (marked(app), app.pane.copied()) == (None, None)
        await pilot.press("space", "G")
        copied = app.pane.copied()
        assert copied is not None
        assert copied.text.endswith("line 100")
        await pilot.press("g")
        now_marked = marked(app)
        assert now_marked is not None
        assert now_marked[0] == LineAt(0, 0)


async def test_what_is_copied_is_safe_filtered_and_never_more_than_a_clipboard_takes() -> None:
    log = MemoryLog(written=[b"\x1b[31mred\x1b]52;c;AAAA\x07 1", b"no", b"red\r2", *[b"x" * 60_000] * 2])
    app = Paned(live_view(log))
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.press("g", "ampersand", *"red", "enter")
        await settled(pilot)
        await pilot.press("space", "j", "j", "j")
        copied = app.pane.copied()
        assert copied is not None
        assert (copied.text, copied.lines, copied.too_much) == ("red 1\nred\u240d2", 2, False)
        await pilot.press("escape", "escape", "g", "space", "G")
        copied = app.pane.copied()
        assert copied is not None
        assert (copied.text, copied.too_much) == ("", True)
