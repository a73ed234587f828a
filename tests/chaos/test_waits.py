"""Who ends a wait is killed in the middle of it: the API that takes a signal, the worker that keeps house."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest

from synapse.faults import POINTS
from tests.chaos.apis import TOKEN, Apis
from tests.chaos.house import House
from tests.chaos.matrix import proves
from tests.waiting import PATIENCE, until

ASKED = """
name: asked
do: {chain: [{wait_for: paid}, {step: last, agent: test.list, with: {things: input.things}}]}
"""
TIMED = """
name: timed
do: {chain: [{timer: pause, seconds: 1}, {step: last, agent: test.list, with: {things: input.things}}]}
"""


def send(url: str, run: str, key: str) -> httpx.Response:
    """One signal on a connection of its own."""
    headers = {"Idempotency-Key": key, "Connection": "close", "Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.post(f"{url}/v1/runs/{run}/signals/paid", json={"payload": {"sum": 5}}, headers=headers)


@proves(
    "API killed while a signal arrives",
    "the signal is kept and its step goes on, or neither; the same signal with the same Idempotency-Key is kept, or found; messages that"
    " were not sent are sent by the reconciler",
    "a broken connection; the signal can be sent again, and is taken once",
    at={point: POINTS[point] for point in ("in-commit", "in-signal")},
    waits="the repeated signal; hint grace, where it had been kept",
)
@pytest.mark.parametrize("point", ["in-commit", "in-signal"])
def test_a_signal_that_was_cut_off_can_be_repeated_and_is_taken_once(
    house: House, apis: Apis, took: Callable[[float], None], point: str
) -> None:
    house.keep()
    house.workers.start()
    run, key = house.begin(ASKED), str(uuid.uuid4())
    first = apis.start(faults=[{"at": point, "do": "kill"}])
    with pytest.raises(httpx.TransportError):
        send(first, run, key)
    mark = house.mark()
    kept = house.client.runtime.database.driver.rows("SELECT name, node FROM signal", {})
    assert kept == ([("paid", "paid")] if point == "in-signal" else [])
    again = send(apis.start(), run, key)
    assert again.status_code == (200 if point == "in-signal" else 202)
    detail = house.sound(run)
    assert {step.path: step.attempt for step in detail.steps} == {"paid": 1, "last": 1}
    assert len(house.client.events(run, "signal.received")) == 1
    took(house.recovery(run, mark))


@proves(
    "worker killed that ends a wait whose time is over",
    "the wait has ended; another worker keeps house when the lease of the first has run out, and sends what was not sent",
    "the run takes as much longer",
    at=POINTS["in-sweep"],
    waits="the lease of the housekeeping, 10 s, and hint grace",
)
def test_a_wait_that_a_killed_worker_ended_is_gone_on_from(house: House, took: Callable[[float], None]) -> None:
    victim = house.workers.start(faults=[{"at": "in-sweep", "do": "kill", "where": "repaired"}])
    house.workers.spawn(gate=house.gate)
    run = house.begin(TIMED)
    mark = house.mark()
    until(lambda: not victim.running, "it is dead")
    house.gate.touch()
    detail = house.sound(run)
    assert {step.path: step.attempt for step in detail.steps} == {"pause": 1, "last": 1}
    took(house.recovery(run, mark))
