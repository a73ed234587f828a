"""The same promises on PostgreSQL; and there, that many at once keep to the window."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.unit.state.house import House
from tests.unit.state.test_window import *  # noqa: F403 - every test of that file, over this folder's databases
from tests.unit.state.test_window import GREEDY, _begun, _window
from tests.waiting import PATIENCE


def test_of_many_that_look_at_once_together_no_more_is_sent_than_the_window_holds(postgres_house: House) -> None:
    window = _window(postgres_house, 5)
    hints = [_begun(postgres_house)[1] for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        sent = [each for some in pool.map(window.admit, hints, timeout=PATIENCE) for each in some]
    assert len(sent) == len(set(sent)) == 5
    assert window.backlog(GREEDY) == 35
