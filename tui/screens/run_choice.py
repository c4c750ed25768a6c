"""What is chosen in the tree of a run: the selected row, what is open, what is folded."""

from __future__ import annotations

from runners.model.phases import FAILURES, LIVE, Phase
from runners.model.state import RunState
from tui.view.facts import FOLDED, Place, is_bad, place_of, places, under, worst
from tui.view.job_tree import JobTree


class Choice:
    """The person's choice, or until there is one whatever needs a look most."""

    def __init__(self) -> None:
        self.selected = ""
        """``stage``, ``stage/job``, ``stage/job@host``, or a folded row; empty: nothing yet."""
        self.by_person = False
        """False: the selection goes to what needs a look, whenever that changes."""
        self.opened: set[str] = set()
        self.folded: set[str] = set()
        self.marked: set[str] = set()
        """Job runs marked with space: what changes is about them, and not about the selection."""
        self.tree = JobTree()

    def follow(self, state: RunState) -> None:
        """Select what needs a look, unless the person chose."""
        if self.by_person:
            return
        place = worst(state) or next(places(state), None)
        self.selected = place.run.id if place else ""

    def row(self) -> int | None:
        """The row that shows the selection: its own, the folded one it is in, else that of its job or stage."""
        for name in (self.selected, self.selected.partition("@")[0], self.selected.partition("/")[0]):
            found = self.tree.index_of(name) if name else None
            if found is not None:
                return found
        return None

    def id(self) -> str:
        """What the row stands for that shows the selection."""
        row = self.row()
        item = self.tree.item(row)
        return item.id if item is not None else self.selected

    def select(self, row: int) -> bool:
        """Choose a row; False when it cannot be chosen."""
        item = self.tree.item(row)
        if item is None:
            return False
        self.selected, self.by_person = item.id, True
        return True

    def move(self, by: int) -> bool:
        """Choose another row; False when there is none."""
        order = self.tree.selectable()
        row = self.row()
        if not order:
            return False
        at = order.index(row) if row in order else 0
        return self.select(order[max(0, min(len(order) - 1, at + by))])

    # ----- folding

    def is_group(self) -> bool:
        """Whether the selected row can be opened or folded in place: a stage, or hosts that were put together."""
        return self._is_stage(self.id()) or self._kind(self.id()) is not None

    def is_open(self) -> bool:
        """Whether the selected stage shows its jobs."""
        row = self.row()
        following = self.tree.item(row + 1) if row is not None else None
        return following is not None and following.id.startswith(f"{self.id()}/")

    def open(self) -> bool:
        """Open the selected group; False when it is open or none."""
        chosen = self.id()
        if not self.is_group() or self.is_open():
            return False
        row = self.row()
        item = self.tree.item(row)
        # Hosts that were put together have no row of their own once they are open: the first of them is selected.
        first = item.members[0] if item is not None and item.members and self._kind(chosen) is not None else chosen
        self.selected, self.by_person = first, True
        self.opened.add(chosen)
        self.folded.discard(chosen)
        return True

    def fold(self) -> bool:
        """Fold the selected stage; False when it is folded or no stage."""
        chosen = self.id()
        if not self._is_stage(chosen) or not self.is_open():
            return False
        self.opened = {one for one in self.opened if one != chosen and not one.startswith(f"{chosen}/")}
        self.folded.add(chosen)
        self.selected, self.by_person = chosen, True
        return True

    def fold_group(self) -> bool:
        """Put hosts together again that were opened one by one; False when the selected one was not."""
        job = self.id().partition("@")[0]
        groups = {one for one in self.opened if one.partition("@")[0] == job and self._kind(one) is not None}
        self.opened -= groups
        return bool(groups)

    # ----- what it stands for

    def members(self, state: RunState, *phases: Phase) -> tuple[str, ...]:
        """Job runs that the selected row stands for; ``phases``: only those that are in one of them."""
        if (one := place_of(state, self.selected)) is not None:
            return (self.selected,) if not phases or one.run.phase in phases else ()
        row = self.row()
        item = self.tree.item(row)
        if item is None or item.id != self.selected or (phases and "@" not in item.id):
            return tuple(place.run.id for place in under(state, self.selected, *phases))
        if not phases:
            return item.members
        found = (place_of(state, one) for one in item.members)
        return tuple(place.run.id for place in found if place is not None and place.run.phase in phases)

    def mark(self, state: RunState) -> bool:
        """Mark what the selected row stands for, or take its marks off when all of it is marked; False: nothing."""
        members = set(self.members(state))
        self.marked = self.marked - members if members <= self.marked else self.marked | members
        return bool(members)

    def meant(self, state: RunState, *phases: Phase) -> tuple[str, ...]:
        """Job runs that a change is about: those marked, else what the selected row stands for."""
        if not self.marked:
            return self.members(state, *phases)
        return tuple(place.run.id for place in places(state, *phases) if place.run.id in self.marked)

    def target(self, state: RunState) -> Place | None:
        """The job run that matters most under the selected row."""
        for phases in (tuple(FAILURES), tuple(LIVE)):
            for one in self.members(state, *phases):
                place = place_of(state, one)
                if place is not None and (place.run.phase in LIVE or is_bad(state, place.run)):
                    return place
        return place_of(state, next(iter(self.members(state)), ""))

    @property
    def is_stage(self) -> bool:
        """Whether a change is about a stage's row."""
        return not self.marked and self._is_stage(self.selected)

    @staticmethod
    def _is_stage(item_id: str) -> bool:
        return bool(item_id) and "/" not in item_id

    @staticmethod
    def _kind(item_id: str) -> str | None:
        _, _, kind = item_id.partition("@")
        return kind if kind in FOLDED else None
