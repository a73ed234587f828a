"""Workers that die, hang, stop, fail or run out of memory, at every point of the protocol."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import kombu
import pytest

from synapse.engine import topology
from synapse.faults import POINTS
from tests.chaos.house import STEPS, House, Load
from tests.chaos.matrix import proves
from tests.there import there
from tests.waiting import until

# Where at each point, and for which of its visits: always in the middle of a run.
KILLS: dict[str, dict[str, object]] = {
    "before-claim": {"where": "work"},
    "after-claim": {"where": "work"},
    "in-agent": {"where": "work"},
    "before-commit": {"where": "work"},
    "in-commit": {},
    "in-join": {"where": "works"},
    "in-finish": {},
    "after-commit": {"where": "list"},
    "in-publish": {"where": "synapse-test"},
    "before-ack": {},
    "after-ack": {},
}

HUNG = """
name: hung
do: {step: wait, agent: test.wait, with: {thing: "'w'", folder: input.folder}, timeout: 1, retry: {attempts: 2, delay: 0.1}}
"""
SHORT = """
name: short
do: {step: short, agent: test.work, with: {thing: "'plain-1'"}, timeout: 1}
"""


RETURNED = {"at": "before-ack", "do": "hang"}
"""Once the folder of marks has ``go``, this only leaves a mark: the worker is through with its message."""


class Events:
    """Numbers of the events that reach the exchange from now on."""

    def __init__(self, broker: str) -> None:
        self._connection = kombu.Connection(broker)
        channel = self._connection.channel()
        topology.EVENTS(channel).declare()
        self._queue = kombu.Queue("", topology.EVENTS, routing_key="#", exclusive=True)(channel)
        self._queue.declare()
        self._seen: set[int] = set()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def seen(self) -> set[int]:
        """Those that came so far."""
        while (message := self._queue.get(no_ack=True)) is not None:
            self._seen.add(json.loads(message.body)["seq"])
        return self._seen


@proves(
    "worker killed (SIGKILL)",
    "RabbitMQ gives its message to another worker; a step it had claimed is ready again when its lease has run out; messages that it"
    " did not send are sent by the reconciler; what it had committed stays",
    "the run takes as much longer; `step.lost` where a lease ran out",
    at={point: POINTS[point] for point in KILLS},
    waits="lease or hint grace, where a claim or a message was lost",
)
@pytest.mark.parametrize("point", KILLS)
def test_a_worker_killed_at_any_point_loses_nothing_and_repeats_nothing(house: House, took: Callable[[float], None], point: str) -> None:
    house.keep()
    house.workers.spawn(gate=house.gate)
    victim = house.workers.start(faults=[{"at": point, "do": "kill", **KILLS[point]}])
    run = house.begin()
    mark = house.mark()
    until(lambda: not victim.running, "it is dead")
    house.gate.touch()
    detail = house.sound(run)
    assert len(detail.steps) == STEPS
    assert sum(step.attempt for step in detail.steps) <= STEPS + 1
    took(house.recovery(run, mark))


@proves(
    "exception that nothing foresaw",
    "in an agent it is a failed attempt and tried again; behind the commit the result stands, and the reconciler sends what was not sent",
    "`step.retrying` with code `internal`, or a short wait",
    at={point: POINTS[point] for point in ("in-agent", "before-commit", "in-commit", "after-commit", "in-publish")},
    waits="back-off of the retry; hint grace or lease behind it",
)
@pytest.mark.parametrize("point", ["in-agent", "before-commit", "in-commit", "after-commit", "in-publish"])
def test_an_exception_at_any_point_loses_nothing_and_repeats_nothing(house: House, took: Callable[[float], None], point: str) -> None:
    house.keep()
    house.workers.start(faults=[{"at": point, "do": "raise", **KILLS[point]}])
    run = house.begin()
    mark = house.mark()
    house.sound(run)
    took(house.recovery(run, mark))


@proves(
    "out of memory: an allocation fails",
    "a failed attempt, tried again; the worker lives on",
    "`step.retrying` with `MemoryError`",
    at=POINTS["in-agent"],
    waits="back-off of the retry",
)
def test_an_agent_that_finds_no_memory_is_tried_again(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    worker = house.workers.start(faults=[{"at": "in-agent", "do": "memory", "where": "work"}])
    run = house.begin()
    mark = house.mark()
    house.sound(run)
    (retried,) = house.client.events(run, "step.retrying")
    assert retried.data["error"]["message"].startswith("MemoryError")
    assert worker.running
    took(house.recovery(run, mark))


CGROUP = Path("/sys/fs/cgroup/memory") if Path("/sys/fs/cgroup/memory/tasks").exists() else Path("/sys/fs/cgroup")
V1 = CGROUP.name == "memory"


@contextlib.contextmanager
def limited(pid: int, size: int) -> Iterator[Path]:
    """The process in a control group of its own with so many bytes; skips where this user may not make one."""
    group = CGROUP / f"synapse-chaos-{pid}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error.strerror}")
    try:
        try:
            (group / ("memory.limit_in_bytes" if V1 else "memory.max")).write_text(str(size))
            (group / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            pytest.skip(f"no memory limit can be set here: {error.strerror}")
        yield group
    finally:
        for member in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (group.parent / "cgroup.procs").write_text(member)
        with contextlib.suppress(OSError):
            group.rmdir()


@proves(
    "out of memory: the kernel kills the worker",
    "as a worker that is killed",
    "the run takes as much longer; `step.lost`",
    at=POINTS["in-agent"],
    waits="lease",
)
def test_a_worker_that_the_kernel_kills_for_its_memory_loses_nothing(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    house.workers.spawn(gate=house.gate)
    victim = house.workers.start(faults=[{"at": "in-agent", "do": "hog", "where": "work"}])
    with limited(victim.pid, 200_000_000):
        run = house.begin()
        mark = house.mark()
        until(lambda: not victim.running, "the kernel killed it")
    house.gate.touch()
    house.sound(run)
    took(house.recovery(run, mark))


@proves(
    "hung agent, asynchronous",
    "cancelled when its time-out is over, and tried again; the worker does other work meanwhile",
    "`step.retrying` with code `timeout`",
    at="in the agent",
    waits="time-out of the step",
)
def test_a_hung_agent_that_awaits_is_given_up_and_tried_again(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    house.workers.start("-P", "threads", "-c", "1")
    run = house.begin(HUNG, {})
    until((house.folder / "waiting").exists, "it hangs")
    hung = time.time()
    detail = house.sound(run, "failed")
    assert there(detail.error, "error").code == "timeout"
    assert len(house.client.events(run, "step.retrying")) == 1
    other = house.begin()
    house.sound(other)
    took(house.recovery(run, {"time": hung}))


@proves(
    "hung agent that blocks its thread",
    "its lease is not renewed beyond its time-out; then another worker has the step; what the hung one gives later is refused",
    "`step.lost`; the thread of the hung worker is gone until it is restarted",
    at=POINTS["in-agent"],
    waits="time-out of the step, then the lease",
)
def test_a_hung_agent_that_blocks_loses_its_step_and_its_late_result_is_refused(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    hung = house.workers.start(faults=[{"at": "in-agent", "do": "hang", "where": "short"}, RETURNED])
    run = house.begin(SHORT, {})
    mark = house.mark()
    house.workers.start()
    house.sound(run)
    (house.marks / "go").touch()
    house.mark("before-ack")
    detail = house.sound(run)
    assert {step.path: step.attempt for step in detail.steps} == {"short": 2}
    assert hung.running
    took(house.recovery(run, mark))


@proves(
    "worker stopped for longer than its lease, and then going on",
    "another worker has the step; the fence refuses what the first gives when it wakes",
    "`step.lost`; each step recorded once",
    at=POINTS["before-commit"],
    waits="lease",
)
def test_a_worker_that_wakes_after_its_lease_cannot_record_its_result(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    sleeper = house.workers.start(faults=[{"at": "before-commit", "do": "stop", "where": "work"}, RETURNED])
    run = house.begin()
    mark = house.mark()
    house.workers.start()
    house.sound(run)
    (house.marks / "go").touch()
    os.kill(sleeper.pid, signal.SIGCONT)
    house.mark("before-ack")
    detail = house.sound(run)
    assert sorted(step.attempt for step in detail.steps) == [1] * (STEPS - 1) + [2]
    took(house.recovery(run, mark))


@proves(
    "worker asked to stop (SIGTERM) under load",
    "it ends what it is at and takes nothing more; its messages go to the others",
    "nothing",
    at="anywhere",
)
def test_workers_that_are_asked_to_stop_under_load_leave_nothing_half_done(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    # So long that a step that was left half done would be waited for in vain.
    long = {"SYNAPSE_LEASE_SECONDS": "300", "SYNAPSE_HINT_GRACE_SECONDS": "300"}
    first = house.workers.start("-P", "threads", "-c", "3", **long)
    second = house.workers.spawn("-P", "threads", "-c", "3", **long)
    with Load(house) as load:
        until(lambda: len(load.runs) > 10, "load")
        house.workers.ready(second)
        asked = time.time()
        first.stop()
        until(lambda: len(load.runs) > 40, "more load")
    for run in load.runs:
        house.sound(run)
    assert set(house.client.column("attempt")) == {1}
    took(max(0.0, house.recovery(load.runs[10], {"time": asked})))


@proves(
    "worker killed that kept house: it led the reconciler and the relay of events",
    "its lease runs out, another worker leads, finds what is to be sent again and goes on with the events where it left them",
    "the live feed pauses",
    at={"in-sweep": POINTS["in-sweep"], "in-relay": POINTS["in-relay"]},
    waits="the lease of the housekeeping, 10 s",
)
@pytest.mark.parametrize("point", ["in-sweep", "in-relay"])
def test_another_worker_keeps_house_when_the_one_that_did_is_killed(house: House, took: Callable[[float], None], point: str) -> None:
    rule = {"at": point, "do": "kill", "where": "repaired" if point == "in-sweep" else ""}
    victim = house.workers.start(faults=[rule])
    house.workers.spawn(gate=house.gate)
    with Events(house.broker) as events:
        run = house.begin(publish=point == "in-relay")
        house.client.runtime.database.driver.rows("UPDATE step SET due = {now} WHERE run = :run AND state = 'ready'", {"run": run})
        mark = house.mark()
        until(lambda: not victim.running, "it is dead")
        house.gate.touch()
        house.sound(run)
        wanted = {event.seq for event in house.client.events(run)}
        until(lambda: events.seen() == wanted, "every event reaches the exchange")
    took(house.recovery(run, mark))
