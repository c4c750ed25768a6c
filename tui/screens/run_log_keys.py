"""The keys of the run screen that act on the log."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import events

from runners.model.errors import OndutyError
from tui.keys.actions import key_of
from tui.screens.job_log import JobLogs, outputs_of, why_not_together
from tui.screens.log_save import Saving
from tui.screens.run_changes import RunChanges
from tui.screens.run_guards import NO_LOG
from tui.screens.run_log import RunLog
from tui.view.durations import count, size
from tui.view.layout import SizeClass
from tui.view.log_document import LineAt
from tui.widgets.log_marks import COPIED_BYTES
from tui.widgets.log_pane import LogPane


class RunLogKeys(RunChanges, inherit_bindings=False):
    """What ``RunScreen`` does for each action of the log pane."""

    zoom: str | None
    """The pane that has the whole body."""
    earlier: int | None
    """Attempt whose log is shown instead of the newest one's."""

    together: JobLogs
    """The hosts of a job that are shown together."""

    @property
    def pager(self) -> RunLog:
        """The log pane."""
        return self.query_one("#log", RunLog)

    def show_pane(self, name: str) -> None:
        """Bring a pane to the screen and give it the focus."""
        raise NotImplementedError

    def takes_key(self, event: events.Key) -> bool:
        """While the find bar is typed into, every key is its own."""
        return event.key != "ctrl+z" and self.pager.takes_key(event)

    def takes_paste(self, text: str) -> bool:
        """Into the find bar."""
        return self.pager.takes_paste(text)

    def do_next_error(self) -> None:
        """The next error in the log."""
        self._look_at_log()
        self.pager.action_error(1)

    def do_previous_error(self) -> None:
        """The error before."""
        self._look_at_log()
        self.pager.action_error(-1)

    def on_log_pane_no_more_errors(self, message: LogPane.NoMoreErrors) -> None:
        """The log has none further on."""
        message.stop()
        where = "below" if message.forwards else "above"
        back = f"{key_of('previous-error')} goes back" if message.forwards else f"{key_of('next-error')} goes on"
        self.say("warn", f"no error {where} this line; {back}")

    def do_find(self) -> None:
        """Type what to find."""
        self.show_pane("log")
        self.choice.by_person = True
        self.pager.action_find()

    def do_next_match(self) -> None:
        """The next match; a first one asks what to find."""
        self.show_pane("log")
        self.pager.action_hit(1)

    def do_previous_match(self) -> None:
        """The match before."""
        self.show_pane("log")
        self.pager.action_hit(-1)

    def do_follow(self) -> None:
        """Stay at the end, or let go."""
        self._look_at_log()
        self.pager.action_follow()

    def do_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self._look_at_log()
        self.pager.action_wrap()

    def do_times(self) -> None:
        """Show or hide times."""
        self._look_at_log()
        self.pager.action_times()

    def _look_at_log(self) -> None:
        """A key of the log acts on what can be seen; who reads keeps what is read."""
        self.choice.by_person = True
        if self.current_layout().size_class is SizeClass.NARROW or self.zoom not in (None, "log"):
            self.show_pane("log")

    def do_filter(self) -> None:
        """Type what lines are left."""
        self.show_pane("log")
        self.choice.by_person = True
        self.pager.action_filter()

    def do_context(self) -> None:
        """More lines around those that the filter leaves."""
        self._look_at_log()
        self.pager.action_context()

    def do_jump(self) -> None:
        """Type a time to go to."""
        self.show_pane("log")
        self.choice.by_person = True
        self.pager.action_jump()

    def do_window_right(self) -> None:
        """Along lines that are cut."""
        self._look_at_log()
        self.pager.action_sideways(1)

    def do_window_left(self) -> None:
        """Back along them."""
        self._look_at_log()
        self.pager.action_sideways(-1)

    def do_colours(self) -> None:
        """Show or hide the colours of the hosts."""
        self._look_at_log()
        self.pager.action_colours()
        self.say("run", "colours of the hosts, where they can be read" if self.pager.colours else "no colours of hosts")

    def do_all_hosts(self) -> None:
        """All hosts of the selected job by time; again: one host."""
        state = self.feed.state
        assert state is not None
        place = self.choice.target(state)
        assert place is not None
        self._look_at_log()
        if self.together.shows(place):
            self.together.close()
        elif why := why_not_together(self.scene(state), place):
            self.say("warn", why)
        else:
            self.together.open(place.job.id)
        self.paint()

    def do_alike(self) -> None:
        """Hosts of the selected job by what they said."""
        from tui.screens.alike import AlikeScreen, Chosen

        state = self.feed.state
        assert state is not None
        scene, place = self.scene(state), self.choice.target(state)
        assert place is not None
        if why := why_not_together(scene, place):
            self.say("warn", why)
            return
        try:
            outputs, silent, close = outputs_of(scene, place, self.feed.uid)
        except OndutyError as error:
            self.say("fail", f"{error.message}\n{error.hint}")
            return

        def chosen(found: Chosen | None) -> None:
            if found is None:
                return
            self.together.close()
            self.choice.selected, self.choice.by_person = found.job_run, True
            self.earlier = None
            self.show_pane("log")
            self.paint()
            self.pager.go_to(LineAt(found.section, found.line))

        self.app.push_screen(AlikeScreen(place.job.name, outputs, silent, close), chosen)

    def mark_line(self) -> None:
        """A range of lines begins or ends."""
        self._look_at_log()
        self.pager.action_mark()

    def copies_lines(self) -> bool:
        """Copy the marked lines; False: none are marked."""
        copied = self.pager.copied()
        if copied is None:
            return False
        if copied.too_much:
            most = size(COPIED_BYTES)
            self.say("warn", f"more than {most}, too much for a clipboard\n{key_of('save')} saves it to a file")
        else:
            self.app.copy_to_clipboard(copied.text)
            self.say("run", f"copied to the clipboard\n{count(copied.lines, 'line')}, {size(len(copied.text))}")
            self.pager.action_unmark()
        return True

    def do_save(self) -> None:
        """Write what is marked, else all that is shown, to a file in the current folder."""
        saving = Saving()
        pager, folder = self.pager, Path.cwd()
        stem, pieces = pager.view.file_stem, pager.lines_to_save()

        async def save() -> None:
            pager.working = lambda: saving.words
            try:
                await asyncio.to_thread(saving.write, folder, stem, pieces)
            except (OSError, OndutyError) as error:
                self.say("fail", f"nothing was saved\n{error}")
            else:
                self.say("run", f"saved {count(saving.lines, 'line')}, {size(saving.size_bytes)}\n{saving.path}")
            finally:
                saving.stopped = True
                pager.working = None

        self.run_worker(save(), group="save", exclusive=True)

    def log_reasons(self) -> dict[str, str]:
        """Actions of the log that do nothing now, each with the sentence why."""
        reasons = {}
        if not self.pager.is_filtered:
            reasons["context"] = f"all lines are shown; {key_of('filter')} filters them"
        if not self.pager.view.parts:
            reasons["save"] = NO_LOG
        if not self.pager.column:
            reasons["window-left"] = "lines are shown from their start"
        return reasons
