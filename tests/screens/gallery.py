"""Pictures of every screen at every size class: ``python -m tests.screens.gallery DIR [NAME…]`` writes SVG and PNG.

Made from the view's functions alone, on canvases placed by ``tui.view.layout``, so that they can be looked at beside
the pictures of the design without a controller.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from textual.app import App, ComposeResult
from textual.screen import Screen

from runbooks.library import load_built_in
from runners.model.preview import Preview
from runners.model.state import RunState
from tests.screens import repair_scenes, scenes
from tests.screens.picture import shoot
from tui.screens.run_questions import pause_question, rollback_question
from tui.view.board import board_rows
from tui.view.board_side import side_rows, side_title
from tui.view.dialog import dialog_rows, width_wanted
from tui.view.dialog_fields import Form, Word
from tui.view.glyphs import ASCII, UNICODE, Glyphs
from tui.view.headline import board_headline, run_headline
from tui.view.help_rows import help_rows
from tui.view.host_pane import host_rows, host_title
from tui.view.job_tree import job_tree, jobs_info
from tui.view.key_bar import key_bar
from tui.view.layout import Area, Pane, ScreenLayout, board_layout, dialog_area, full_layout, run_layout
from tui.view.log_document import LogSection
from tui.view.log_rows import LogStyle, divider_row, line_rows, log_title, result_spans
from tui.view.narrow import first_error_rows, first_error_title, runbook_hint, tab_bar, tiny_rows
from tui.view.palette import palette_rows
from tui.view.people import people_rows
from tui.view.question import WORD_KEYS, WORDS, Question
from tui.view.rows import BLANK, Row, Span, title_row
from tui.view.runbook_page import outline_rows, page_rows, page_title
from tui.view.runbook_pane import runbook_rows, runbook_title
from tui.view.safe_text import own, safe
from tui.view.scene import BoardScene, RunScene
from tui.view.strip import strip_row
from tui.view.theme import DARK, HC, LIGHT, NONE
from tui.view.toasts import toast_rows
from tui.view.top_bar import board_bar, run_bar
from tui.view.troubles import controller_rows
from tui.view.why import why_rows, why_title
from tui.widgets.areas import AreaLayout
from tui.widgets.canvas import Canvas
from tui.widgets.look import Look, wear

PAGE = load_built_in().pages["port-in-use"]
WHY_NOT = {"previous-attempt": "there is only one attempt", "shell": "no connection to web3"}
_LOG = (
    ("fetch", 0, "succeeded", 14.2, (b"GET registry.internal/api/2.4.1/manifest.json", b"unpacked to /srv/api/2.4.1")),
    (
        "restart",
        1,
        "failed",
        6.2,
        (
            b"+ sudo systemctl restart api",
            b"stopping api.service",
            b"stopped api.service (pid 20114 exited 0)",
            b"starting api.service, release 2.4.1",
            b"config /etc/api/api.toml loaded, 14 keys",
            scenes.BIND.encode(),
            b"api: cannot start listener http-public",
            b"Main process exited, code=exited, status=1/FAILURE",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One canvas of a picture."""

    area: Area
    rows: tuple[Row, ...]
    shade: str
    margins: tuple[int, int]
    selected: int | None = None
    count: int = 1
    active: bool = True
    dimmed: bool = False


class GalleryApp(App[None]):
    """Canvases at their areas."""

    def __init__(self, drawn: Sequence[Drawn], look: Look) -> None:
        super().__init__(ansi_color=not look.theme.exact)
        self._drawn = drawn
        self._look = look

    def compose(self) -> ComposeResult:
        for number, one in enumerate(self._drawn):
            look = self._look.dimmed if one.dimmed else self._look
            yield Canvas(id=f"c{number}", shade=one.shade, margins=one.margins, look=look)

    def on_mount(self) -> None:
        wear(self, self._look)
        for number, one in enumerate(self._drawn):
            canvas = self.query_one(f"#c{number}", Canvas)
            canvas.set_look(self._look.dimmed if one.dimmed else self._look)
            canvas.set_rows(one.rows)
        self.call_after_refresh(self._select)

    def _select(self) -> None:
        for number, one in enumerate(self._drawn):
            self.query_one(f"#c{number}", Canvas).set_selection(one.selected, one.count, active=one.active)

    def get_default_screen(self) -> Screen[None]:
        screen: Screen[None] = _Placed([one.area for one in self._drawn])
        return screen


class _Placed(Screen[None]):
    def __init__(self, areas: Sequence[Area]) -> None:
        super().__init__()
        self._layout_of = AreaLayout(lambda name: areas[int(name[1:])] if name[:1] == "c" else None)

    @property
    def layout(self) -> AreaLayout:
        return self._layout_of


def pane_rows(pane: Pane, title: Row | None, rows: Sequence[Row], **more: object) -> Drawn:
    """A pane's rows below its title, inside its margins."""
    head: list[Row] = []
    if pane.title is not None and title is not None:
        head += [BLANK] * (pane.title.y - pane.area.y)
        head.append(title)
    head += [BLANK] * (pane.content.y - pane.area.y - len(head))
    margins = (pane.content.x - pane.area.x, max(0, pane.area.right - pane.content.right))
    drawn = Drawn(area=pane.area, rows=(*head, *rows[: pane.content.height]), shade=pane.shade, margins=margins)
    if (selected := more.get("selected")) is not None:
        assert isinstance(selected, int)
        drawn = replace(drawn, selected=selected + len(head), active=bool(more.get("active", True)))
    return drawn


def _frame(layout: ScreenLayout, bar: Row, headline: Row, keys: Row) -> list[Drawn]:
    return [
        Drawn(area=layout.bar, rows=(bar,), shade="bar", margins=(1, 1)),
        Drawn(area=layout.headline, rows=(headline,), shade="ground", margins=(2, 1)),
        Drawn(area=layout.keys, rows=(keys,), shade="bar", margins=(1, 1)),
    ]


def run_picture(scene: RunScene, width: int, height: int, glyphs: Glyphs, *, tab: str = "jobs") -> list[Drawn]:
    """The run screen."""
    layout = run_layout(width, height, tab=tab)
    narrow = layout.size_class.value == "narrow"
    drawn = _frame(
        layout,
        run_bar(scene, width, height, glyphs),
        run_headline(scene, glyphs),
        key_bar("run", WHY_NOT, width, glyphs),
    )
    if layout.tabs is not None:
        row = tab_bar(("jobs", "log", "why", "runbook", "host"), tab, width, glyphs)
        drawn.append(Drawn(area=layout.tabs, rows=(row,), shade="panel", margins=(1, 1)))
    if layout.strip is not None:
        shade_margins = (1, 1) if narrow else (2, 2)
        drawn.append(
            Drawn(
                area=layout.strip,
                rows=(strip_row(scene, layout.width - 4, glyphs, with_host=True),),
                shade="panel",
                margins=shade_margins,
            )
        )
    today = datetime.fromtimestamp(scene.here.now_utc, UTC).date()
    focused = {"glyphs": glyphs}
    for pane in layout.panes:
        wide = pane.content.width
        on = pane.name == ("jobs" if not narrow else tab)
        match pane.name:
            case "jobs":
                tree = job_tree(scene, wide, glyphs, narrow=narrow)
                title = title_row(own("jobs"), (), (Span(jobs_info(scene), "muted"),), focused=on, **focused)
                drawn.append(pane_rows(pane, title, tree.rows, selected=tree.index_of(scene.selected)))
            case "log" if layout.size_class.value == "tiny":
                drawn.append(pane_rows(pane, None, tiny_rows(scene, wide, glyphs, [safe(line) for line in _LOG[1][4]])))
            case "log":
                title, lines = _log(scene, wide, glyphs, focused=on)
                drawn.append(pane_rows(pane, title, lines))
            case "why":
                name, details = why_title(scene)
                drawn.append(
                    pane_rows(pane, title_row(name, details, focused=on, **focused), why_rows(scene, wide, glyphs))
                )
            case "runbook":
                name, details, info = runbook_title(scene, PAGE)
                rows = runbook_rows(scene, PAGE, today, wide, glyphs)
                drawn.append(pane_rows(pane, title_row(name, details, info, focused=on, **focused), rows))
            case "host":
                name, details, info = host_title(scene)
                rows = host_rows(scene, wide, glyphs)
                drawn.append(pane_rows(pane, title_row(name, details, info, focused=on, **focused), rows))
            case "people":
                drawn.append(pane_rows(pane, title_row(own("people"), **focused), people_rows(scene, wide, glyphs)))
            case "error":
                drawn.append(pane_rows(pane, first_error_title(scene, glyphs), first_error_rows(scene, wide, glyphs)))
            case "hint":
                drawn.append(pane_rows(pane, None, (runbook_hint(scene, wide, glyphs),)))
    return drawn


def _log(scene: RunScene, width: int, glyphs: Glyphs, *, focused: bool) -> tuple[Row, list[Row]]:
    """A log as the log pane draws it, from lines that are invented."""
    style = LogStyle(width=width, theme=DARK, glyphs=glyphs, zone=UTC)
    rows: list[Row] = []
    at = scene.here.now_utc - 69
    for task, code, phase, took, lines in _LOG:
        result = result_spans(phase, glyphs, exit_code=code, took_s=took)
        rows.append(divider_row(LogSection(key=task, task=own(task), started_at=at, result=result), style))
        for line in lines:
            at += 1
            rows += line_rows(line, style, at_utc=at, first_bad=line.decode() == scenes.BIND)
    name = own("release@web3")
    title = log_title(name, (own("restart"), own("attempt 1")), width=width, focused=focused, glyphs=glyphs, lines=10,
                      following=True, live=True, current=None, new=0)  # fmt: skip
    return title, rows


def board_picture(scene: BoardScene, width: int, height: int, glyphs: Glyphs) -> list[Drawn]:
    """The list of runs."""
    layout = board_layout(width, height)
    drawn = _frame(
        layout, board_bar(scene, width, glyphs), board_headline(scene, glyphs), key_bar("board", {}, width, glyphs)
    )
    for pane in layout.panes:
        if pane.name == "why":
            name, details = side_title(scene)
            title = title_row(name, details, glyphs=glyphs)
            drawn.append(pane_rows(pane, title, side_rows(scene, pane.content.width, glyphs)))
            continue
        if pane.name != "board":
            drawn.append(Drawn(area=pane.area, rows=(), shade=pane.shade, margins=(0, 0)))
            continue
        board = board_rows(scene, pane.area.width, glyphs)
        place = board.index_of(scene.selected)
        one = Drawn(area=pane.area, rows=(BLANK, *board.rows), shade="ground", margins=(0, 0))
        drawn.append(replace(one, selected=place[0] + 1, count=place[1]) if place is not None else one)
    return drawn


def runbook_picture(scene: RunScene, width: int, height: int, glyphs: Glyphs, step: int = 4) -> list[Drawn]:
    """A page over the whole screen."""
    layout = full_layout(width, height, left="outline", main="page", tab="page")
    drawn = _frame(
        layout,
        run_bar(scene, width, height, glyphs),
        run_headline(scene, glyphs),
        key_bar("runbook", {}, width, glyphs),
    )
    today = datetime.fromtimestamp(scene.here.now_utc, UTC).date()
    if layout.tabs is not None:
        drawn.append(Drawn(area=layout.tabs, rows=(tab_bar(("outline", "page"), "page", width, glyphs),), shade="panel",
                           margins=(1, 1)))  # fmt: skip
    for pane in layout.panes:
        if pane.name == "outline":
            rows = outline_rows(PAGE, step, pane.content.width, glyphs, today=today)
            drawn.append(pane_rows(pane, title_row(safe(PAGE.id), glyphs=glyphs), rows))
        else:
            rows = page_rows(scene, PAGE, step, pane.content.width, glyphs)
            drawn.append(pane_rows(pane, page_title(scene, PAGE, glyphs), rows))
    return drawn


def dialog_picture(
    scene: RunScene, preview: Preview, width: int, height: int, look: Look, **fields: object
) -> list[Drawn]:
    """A dialog over the run screen."""
    behind = [replace(one, dimmed=True) for one in run_picture(scene, width, height, look.glyphs)]
    wanted = width_wanted(preview)
    area = dialog_area(width, height, rows=height, wanted=wanted)
    form = Form(**{name: fields.pop(name) for name in list(fields) if name in Form.__dataclass_fields__})  # type: ignore[arg-type]
    arguments: dict[str, object] = {
        "environment": "production",
        "width": area.width,
        "glyphs": look.glyphs,
        "themed_box": not look.theme.exact,
        "height": height - 2,
    }
    dialog = dialog_rows(preview, form, **(arguments | fields))  # type: ignore[arg-type]
    area = dialog_area(width, height, rows=len(dialog.rows), wanted=wanted)
    return [*behind, Drawn(area=area, rows=dialog.rows, shade="bar", margins=(0, 0))]


def overlay_picture(scene: RunScene, rows_of: Callable[[int], Sequence[Row]], width: int, height: int, glyphs: Glyphs
                    ) -> list[Drawn]:  # fmt: skip
    """Help or palette over the run screen."""
    behind = [replace(one, dimmed=True) for one in run_picture(scene, width, height, glyphs)]
    area = dialog_area(width, height, rows=height, wanted=104)
    rows = (BLANK, *rows_of(area.width - 6), BLANK)
    area = dialog_area(width, height, rows=len(rows), wanted=104)
    return [*behind, Drawn(area=area, rows=rows, shade="bar", margins=(3, 3))]


def with_toasts(drawn: list[Drawn], width: int, height: int, glyphs: Glyphs) -> list[Drawn]:
    """The three kinds of toasts."""
    rows: list[Row] = []
    for kind, text in (
        ("accepted", "Retry of web3 accepted; attempt 2 of 3"),
        ("refused", "bob retried release@web3 2s ago; attempt 2 is running"),
        ("failed", "web6 failed in healthy: timed out after 60s; e shows it"),
    ):
        rows += toast_rows(kind, text, 56, glyphs)
    return [*drawn, Drawn(area=Area(width - 56, height - 9, 56, 6), rows=tuple(rows), shade="bar", margins=(0, 0))]


def pictures(width: int, height: int, look: Look) -> Mapping[str, Callable[[], list[Drawn]]]:
    """Every picture at one size, by name; made only when called."""
    glyphs = look.glyphs

    def run(scene: Callable[[], RunScene], tab: str = "jobs") -> Callable[[], list[Drawn]]:
        return lambda: run_picture(scene(), width, height, glyphs, tab=tab)

    def dialog(verb: str, *names: str, **fields: object) -> Callable[[], list[Drawn]]:
        return lambda: dialog_picture(
            scenes.failed_scene(), scenes.dialog_preview(verb, *names)[1], width, height, look, **fields
        )

    def repair_dialog(
        question_of: Callable[[RunState], Question], later: tuple[str, ...] = (), **fields: object
    ) -> Callable[[], list[Drawn]]:
        def draw() -> list[Drawn]:
            sim = repair_scenes.half_done()
            asked = question_of(sim.state)
            shown = repair_scenes.preview_of(sim, asked, later=later)
            words = asked.words(0, shown)
            form: dict[str, object] = {
                "name_wanted": asked.name,
                "scopes": tuple(scope.label for scope in asked.scopes),
                "scope_label": asked.scope_label,
                "words": tuple(Word(name, WORDS[name], WORD_KEYS[name]) for name in words),
            }
            return dialog_picture(repair_scenes.scene(sim), shown, width, height, look, **(form | fields))

        return draw

    found: dict[str, Callable[[], list[Drawn]]] = {
        "run-failed": run(scenes.failed_scene),
        "healthy": run(scenes.healthy_scene),
        "unknown": run(scenes.unknown_scene),
        "host-key": run(scenes.host_key_scene),
        "unreached": run(scenes.unreached_scene),
        "cancelling": run(scenes.cancelling_scene),
        "board": lambda: board_picture(scenes.board_scene(), width, height, glyphs),
        "board-empty": lambda: board_picture(
            BoardScene(here=scenes.board_scene().here), width, height, glyphs
        ),
        "runbook": lambda: runbook_picture(scenes.failed_scene(), width, height, glyphs),
        "dialog-retry": dialog("retry", scenes.rollout("web3"), address="deploy@10.0.0.13"),
        "dialog-skip": dialog("skip", scenes.rollout("web3"), focus="reason", reason="drained", reason_cursor=7),
        "dialog-cancel": dialog("cancel", name_wanted="deploy-api/42", typed="deploy-a", focus="name"),
        "paused": run(lambda: scenes.scene_of(repair_scenes.paused_run(now=True), scenes.rollout("web5"))),
        "rolling-back": run(lambda: repair_scenes.scene(repair_scenes.rolling_back_run())),
        "rollback-incomplete": run(lambda: repair_scenes.scene(repair_scenes.incomplete_run())),
        "rolled-back": run(lambda: repair_scenes.scene(repair_scenes.rolled_back_run(), "rollout")),
        "dialog-rollback": repair_dialog(rollback_question, typed="deploy-api", focus="name", reason="errors doubled"),
        "dialog-rollback-later": repair_dialog(rollback_question, later=repair_scenes.LATER),
        "dialog-pause": repair_dialog(pause_question),
        "help": lambda: overlay_picture(
            scenes.failed_scene(), lambda wide: help_rows("run", "jobs", WHY_NOT, wide, glyphs), width, height, glyphs
        ),
        "palette": lambda: overlay_picture(
            scenes.failed_scene(), lambda wide: palette_rows("re", WHY_NOT, 0, wide, glyphs)[0], width, height, glyphs
        ),
        "toasts": lambda: with_toasts(run_picture(scenes.failed_scene(), width, height, glyphs), width, height, glyphs),
        "no-controller": lambda: overlay_picture(
            scenes.scene_of(scenes.failed_run(), stale_s=46.0),
            lambda wide: controller_rows(
                scenes.scene_of(scenes.failed_run(), stale_s=46.0).here, "connection refused", wide, glyphs
            ),
            width,
            height,
            glyphs,
        ),
    }  # fmt: skip
    if width < 100:
        found |= {f"run-failed-{tab}": run(scenes.failed_scene, tab) for tab in ("log", "why", "runbook", "host")}
    return found


LOOKS: Mapping[str, Look] = {
    "dark": Look(DARK, UNICODE),
    "light": Look(LIGHT, UNICODE),
    "high-contrast": Look(HC, UNICODE),
    "ascii-nocolor": Look(NONE, ASCII),
}
SIZES = ((160, 44), (120, 36), (80, 24))


def draw(folder: Path, names: Sequence[str] = (), looks: Sequence[str] = (), sizes: Sequence[tuple[int, int]] = SIZES
         ) -> list[Path]:  # fmt: skip
    """Write the pictures; empty ``names`` means all of them, empty ``looks`` all looks."""
    paths: list[Path] = []
    for look_name, look in LOOKS.items():
        if looks and look_name not in looks:
            continue
        for width, height in sizes:
            for name, make in pictures(width, height, look).items():
                if names and name not in names:
                    continue
                drawn = make()
                path = folder / f"{name}-{width}x{height}-{look_name}.png"
                paths.append(shoot(functools.partial(GalleryApp, drawn, look), path, size=(width, height)))
    return paths


def main() -> None:
    """Write all pictures, or those named, into a folder."""
    if len(sys.argv) < 2:
        sys.exit("python -m tests.screens.gallery DIR [NAME…] [dark|light|high-contrast|ascii-nocolor…] [WxH…]")
    words = sys.argv[2:]
    looks = [word for word in words if word in LOOKS]
    sizes = [(int(w), int(h)) for w, _, h in (word.partition("x") for word in words) if w.isdigit() and h.isdigit()]
    names = [word for word in words if word not in looks and not word.partition("x")[0].isdigit()]
    for path in draw(Path(sys.argv[1]), names, looks, sizes or SIZES):
        print(path)


if __name__ == "__main__":
    main()
