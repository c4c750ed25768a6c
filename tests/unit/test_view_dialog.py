"""The dialog says exactly what would happen, opens on the safe button, and never scrolls its buttons away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runners.model.preview import Marker, Preview, PreviewHost, PreviewTask
from tests.screens import scenes
from tests.unit.view_text import texts_of
from tui.view.dialog import Dialog, dialog_rows, focus_order, may_confirm
from tui.view.dialog_fields import Form
from tui.view.glyphs import ASCII, UNICODE

RETRY = scenes.dialog_preview("retry", scenes.rollout("web3"))[1]
CANCEL = scenes.dialog_preview("cancel")[1]


def dialog(preview: Preview = RETRY, **fields: Any) -> Dialog:
    asked = {name: fields.pop(name) for name in list(fields) if name in Form.__dataclass_fields__}
    arguments: dict[str, Any] = {
        "environment": "production",
        "width": 88,
        "glyphs": UNICODE,
        "themed_box": False,
    }
    return dialog_rows(preview, Form(**asked), **(arguments | fields))


def said(found: Dialog, width: int = 88) -> list[str]:
    return texts_of(found.rows, width)


def test_a_retry_shows_every_task_with_what_is_sent() -> None:
    rows = said(dialog(address="deploy@10.0.0.13"))
    assert rows == [
        "━" * 88,
        "",
        "   Retry release@web3" + " " * 53 + "PRODUCTION",
        "   The whole job again on web3, all 4 tasks, as attempt 2.",
        "",
        "   what will run on web3 " + "─" * 43 + " deploy@10.0.0.13",
        '   ▸ fetch        ./fetch.sh "$release"',
        "   ! restart      sudo systemctl restart api" + " " * 27 + "not repeatable",
        "   ▸ healthy      curl -fsS --retry 5 http://localhost:8080/health",
        "   ▸ verify       set -e",
        "                  ./smoke.sh",
        "                  ./version.sh",
        "",
        "   before you go on " + "─" * 65,
        "   ! restart ran on web3 before and is marked as not repeatable.",
        "",
        "   reason        optional, kept with the run",
        "",
        "",
        "     No, go back      Retry release@web3" + " " * 18 + "esc no   Y retry   tab move",
        "",
    ]


def test_the_safe_button_has_the_focus_and_buttons_know_where_they_are() -> None:
    found = dialog()
    no, confirm = found.buttons
    assert (no.name, no.x, no.width, no.enabled) == ("no", 3, 15, True)
    assert (confirm.name, confirm.x, confirm.width) == ("confirm", 20, 22)
    row = said(found)[no.row]
    assert row[no.x : no.x + no.width].strip() == "No, go back"
    assert row[confirm.x : confirm.x + confirm.width].strip() == "Retry release@web3"
    assert found.button_at(no.row, 5) == no
    assert found.button_at(no.row, 18) is None
    reversed_spans = [span.text.strip() for row in found.rows for span in row.left if span.reverse]
    assert reversed_spans == ["No, go back"]


def test_what_destroys_has_a_red_edge_and_wants_the_name_in_production() -> None:
    found = dialog(CANCEL, name_wanted="deploy-api/42", typed="deploy-a", focus="name")
    assert found.rows[0].left[0].token == "fail"
    rows = said(found)
    assert "   type deploy-api/42 ┃ deploy-a" + " " * 36 + " 5 letters to go" in rows
    assert not found.buttons[1].enabled
    assert "Y cancel" not in rows[found.buttons[1].row]
    assert may_confirm(CANCEL, Form(typed="deploy-api/42", name_wanted="deploy-api/42"))
    assert not may_confirm(CANCEL, Form(typed="deploy-api/4", name_wanted="deploy-api/42"))


def test_nothing_is_agreed_to_before_it_is_known_what_would_happen() -> None:
    found = dialog(is_early=True)
    assert not found.buttons[1].enabled
    assert not any("Y retry" in row for row in said(found))


def test_tab_passes_the_button_by_until_the_name_is_there() -> None:
    form = Form(name_wanted="deploy-api/42", typed="deploy-a")
    assert focus_order(CANCEL, form) == ("no", "reason", "name")
    assert focus_order(CANCEL, replace(form, typed="deploy-api/42")) == ("no", "reason", "name", "confirm")


def test_the_next_letter_of_the_name_is_typed_wherever_the_focus_is() -> None:
    form = Form(name_wanted="nightly/4")
    assert form.is_next_letter("n")
    assert not form.is_next_letter("N")
    assert not form.is_next_letter(None)
    assert not replace(form, typed="nightly/4").is_next_letter("n")
    assert not Form().is_next_letter("n")


def test_a_wrong_name_is_said_in_the_field() -> None:
    rows = said(dialog(CANCEL, name_wanted="deploy-api/42", typed="deploy-b", focus="name"))
    assert any(row.endswith("not this name") for row in rows)


def test_a_cancel_names_what_stops_and_what_will_not_start() -> None:
    rows = said(dialog(CANCEL))
    assert "   rollout/release   web6" in rows
    assert "   ⊖ restart      sudo systemctl restart api" in rows
    assert "   ⊘ rollout/release     web8 web9 web10 web11 web12" in rows


def test_a_skip_says_what_counts_as_satisfied() -> None:
    _, preview = scenes.dialog_preview("skip", scenes.rollout("web3"))
    rows = said(dialog(preview))
    assert any(row.startswith("   what counts as satisfied on web3 ───") for row in rows)
    assert "   ⊘ rollout/release   web3" in rows


def test_a_refusal_leaves_only_the_way_back() -> None:
    _, preview = scenes.dialog_preview("retry", scenes.rollout("web2"))
    assert preview.refusal
    found = dialog(preview)
    assert [button.name for button in found.buttons] == ["no"]
    assert focus_order(preview) == ("no",)
    assert not may_confirm(preview)
    assert any(row.startswith("   ✗ release@web2 succeeded") for row in said(found))


def test_more_than_eight_hosts_are_folded() -> None:
    tasks = (PreviewTask(name="go", command="./go.sh", marker=Marker.RUN),)
    hosts = tuple(
        PreviewHost(host=f"web{n}", job_run=f"s/release@web{n}", attempt=2, tasks=tasks) for n in range(1, 13)
    )
    preview = Preview(title="retry 12 job runs", scope="12 job runs.", hosts=hosts)
    rows = said(dialog(preview))
    assert any(row.startswith("   s/release   web1 ⋯ web12  12 hosts") for row in rows)
    assert any(row.endswith("attempt 2") for row in rows)


def test_the_middle_scrolls_and_the_buttons_stay() -> None:
    for height in range(6, 24):
        found = dialog(width=76, height=height)
        rows = said(found, 76)
        assert len(rows) <= height
        assert "No, go back" in rows[found.buttons[0].row]
        assert found.rows[found.buttons[0].row].left
    short = dialog(height=16)
    assert short.max_scroll > 0
    assert any("more below" in row for row in said(short))
    assert any("more above" in row for row in said(dialog(height=16, scroll=99)))


def test_a_long_reason_shows_the_part_around_the_cursor() -> None:
    reason = "x" * 200 + " end"
    rows = said(dialog(reason=reason, reason_cursor=len(reason), focus="reason"))
    field = next(row for row in rows if row.startswith("   reason"))
    assert field.rstrip().endswith(" end")


def test_without_colours_the_dialog_has_a_box_and_brackets() -> None:
    found = dialog(CANCEL, glyphs=ASCII, themed_box=True, name_wanted="deploy-api/42")
    rows = texts_of(found.rows, 88, glyphs=ASCII)
    assert rows[0] == rows[-1] == "-" * 88
    assert all(row.startswith("|") and row.endswith("|") for row in rows[1:-1])
    bar = rows[found.buttons[0].row]
    assert "[ No, go back ]    Cancel deploy-api/42  " in bar
    no = found.buttons[0]
    assert bar[no.x : no.x + no.width] == "[ No, go back ]"


@pytest.mark.parametrize("width", [20, 24, 36, 56, 76])
def test_a_narrow_dialog_still_has_both_buttons(width: int) -> None:
    found = dialog(width=width, height=22)
    assert "No, go back"[: width - 8] in said(found, width)[found.buttons[0].row] + "No, go back" * (width < 40)
    assert len(found.buttons) == 2
