"""Threads that search wait while the screen draws."""

from __future__ import annotations

import threading

from tui.pauses import Turns


def test_a_thread_gives_way_until_the_screen_has_drawn() -> None:
    turns, order = Turns(), list[str]()
    began = threading.Event()

    def search() -> None:
        began.set()
        while turns.screen_draws:
            turns.give_way()
        order.append("searched")

    with turns.screen():
        thread = threading.Thread(target=search)
        thread.start()
        began.wait()
        with turns.screen():
            order.append("a part")
        order.append("drawn")
    thread.join()
    assert order == ["a part", "drawn", "searched"]


def test_who_draws_for_ever_keeps_no_search_for_ever() -> None:
    turns = Turns()
    with turns.screen():
        turns.give_way()
