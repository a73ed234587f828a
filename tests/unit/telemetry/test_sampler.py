from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from synapse.telemetry import profiles, sampler
from tests.waiting import until


@contextmanager
def thread(name: str, work: object) -> Iterator[threading.Thread]:
    made = threading.Thread(target=work, name=name, daemon=True)  # type: ignore[arg-type]
    made.start()
    try:
        yield made
    finally:
        done.set()
        made.join()
        done.clear()


done = threading.Event()


def compute() -> None:
    while not done.is_set():
        sum(range(500))


def rest() -> None:
    done.wait()


def test_a_thread_that_computes_is_told_from_one_that_waits() -> None:
    with thread("computing", compute), thread("resting", rest):
        # On a machine that is busy the thread may be given little in half a second.
        found = until(lambda: (seen := sampler.sample(0.5)).cpu_seconds > 0.05 and seen, "the thread computes")
    of = {each.name: each for each in profiles.threads(found)}
    assert of["computing"].cpu_seconds > 10 * of["resting"].cpu_seconds
    assert of["computing"].mostly.startswith("compute (tests/unit/telemetry/test_sampler.py:")
    assert of["resting"].mostly.startswith("Condition.wait (")
    assert any(frame.startswith("Thread.run (") for stack in found.stacks for frame in stack.frames)


def test_who_looks_does_not_see_itself_but_says_what_it_cost() -> None:
    found = sampler.sample(0.2)
    assert threading.current_thread().name not in {stack.thread for stack in found.stacks}
    assert found.cost_seconds > 0
    assert found.samples >= 1


def test_it_ends_when_nobody_wants_it_any_more() -> None:
    looks = iter([True, True, True, False])
    assert sampler.sample(600, rate=1000, wanted=lambda: next(looks)).samples == 3


def test_the_clock_of_a_thread_is_the_one_that_it_has_itself() -> None:
    began = time.thread_time()
    mine = sampler._cpu_seconds(threading.get_native_id())
    assert mine is not None
    assert began <= mine <= time.thread_time()
