"""Clocks that are wrong, and two who sweep at once."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from synapse.workflows.program import build
from tests.chaos.house import House
from tests.chaos.matrix import proves

SOURCE = Path(__file__).with_name("clock.c")
HOUR = 3600


class Clock:
    """A clock that a process is given in place of the machine's, and that can be moved while it runs."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler for the clock")
        self._library, self._shift = folder / "clock.so", folder / "shift"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE), "-ldl"], check=True)
        self.move(0)

    def move(self, seconds: int) -> None:
        """So many seconds from the machine's own."""
        handle = os.open(self._shift, os.O_CREAT | os.O_WRONLY)
        os.write(handle, struct.pack("q", seconds))
        os.close(handle)

    @property
    def environment(self) -> dict[str, str]:
        """What the process is started with."""
        return {"LD_PRELOAD": str(self._library), "SYNAPSE_CHAOS_CLOCK": str(self._shift)}


@proves(
    "worker's clock is wrong by two hours",
    "leases, timers and deadlines go by the database's clock; a step's own time-out goes by what is left of the run's deadline",
    "nothing, as long as the clock is wrong by less than the run's deadline is away",
    at={"ahead": "all the time", "behind": "all the time"},
)
@pytest.mark.parametrize("way", ["ahead", "behind"])
def test_a_worker_with_a_wrong_clock_works_as_any_other(house: House, took: Callable[[float], None], tmp_path: Path, way: str) -> None:
    clock = Clock(tmp_path)
    clock.move(2 * HOUR if way == "ahead" else -2 * HOUR)
    house.keep()
    house.workers.start("-P", "threads", "-c", "2", **clock.environment)
    began = time.time()
    runs = [house.begin(timeout=24.0 * HOUR) for _ in range(3)]
    for run in runs:
        assert {step.attempt for step in house.sound(run).steps} == {1}
    took(max(house.recovery(run, {"time": began}) for run in runs))


@proves(
    "worker's clock jumps in the middle of a run",
    "as above: no lease and no timer goes by it",
    "nothing",
    at="in the agent",
)
def test_a_clock_that_jumps_in_mid_run_changes_nothing(house: House, took: Callable[[float], None], tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    house.keep()
    house.workers.start(faults=[{"at": "in-agent", "do": "hang", "where": "work"}], **clock.environment)
    run = house.begin(timeout=24.0 * HOUR)
    mark = house.mark()
    clock.move(HOUR)
    clock.move(-HOUR)
    (house.marks / "go").touch()
    assert {step.attempt for step in house.sound(run).steps} == {1}
    took(house.recovery(run, {"time": min(mark["time"], time.time())}))


@proves(
    "two reconcilers, and more, at once",
    "each finding is one transaction that locks what it found: one releases the step, the others find nothing",
    "nothing",
    at="in the reconciler",
    waits="lease",
)
def test_reconcilers_that_sweep_at_once_repair_each_step_once(house: House, took: Callable[[float], None]) -> None:
    runtime = house.client.runtime
    runs = [house.begin(publish=False) for _ in range(20)]
    ledger, definitions = runtime.database.ledger, runtime.database.definitions
    for run in runs:
        held = ledger.claim(build(definitions.of_run(run)), run, "list", (), "a worker that dies")
        assert held is not None, "nobody else claims it"
        assert (held.place, held.number) == ("list", 1)
    runtime.database.driver.rows("UPDATE step SET due = {in:ago}", {"ago": -1.0})
    found: list[str] = []
    ready = threading.Barrier(4)

    def sweep() -> None:
        ready.wait()
        for _ in range(5):
            hints = runtime.database.reconciler.sweep().hints
            found.extend(hint.run for hint in hints)
            runtime.publisher.hints(hints)

    sweepers = [threading.Thread(target=sweep) for _ in range(4)]
    for each in sweepers:
        each.start()
    for each in sweepers:
        each.join()
    assert Counter(found) == dict.fromkeys(runs, 1)
    house.keep()
    house.workers.start("-P", "threads", "-c", "2")
    lost = time.time()
    for run in runs:
        house.sound(run)
        assert len(house.client.events(run, "step.lost")) == 1
    took(max(house.recovery(run, {"time": lost}) for run in runs))
