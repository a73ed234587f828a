from __future__ import annotations

import os

import pytest

from synapse.engine import stopping as module
from synapse.engine.stopping import Stopping


def test_a_worker_is_asked_once_and_it_is_known_how_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    stopping = Stopping()
    assert (stopping.asked, stopping.seconds) == (False, 0.0)
    stopping.ask()
    now[0] += 5
    stopping.ask()
    assert (stopping.asked, stopping.seconds) == (True, 5.0)
    stopping.forget()
    assert (stopping.asked, stopping.seconds) == (False, 0.0)


def test_a_process_that_was_forked_before_knows_of_it() -> None:
    stopping = Stopping()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(theirs)
        os.read(ours, 1)
        os._exit(0 if stopping.asked else 1)
    os.close(ours)
    stopping.ask()
    os.close(theirs)
    assert os.waitpid(child, 0)[1] == 0
