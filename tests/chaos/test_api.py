"""The API killed in the middle of a submission."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest

from synapse.faults import POINTS
from tests.chaos.apis import Apis, submit
from tests.chaos.house import House
from tests.chaos.matrix import proves


@proves(
    "API killed in the middle of a submission",
    "the run is written whole or not at all; the same request with the same Idempotency-Key begins it, or finds it; its messages are sent"
    " by the reconciler",
    "a broken connection; the request can be repeated, and there is one run",
    at={point: POINTS[point] for point in ("before-submit", "in-submit")},
    waits="the repeated request; hint grace, where the run had been written",
)
@pytest.mark.parametrize("point", ["before-submit", "in-submit"])
def test_a_submission_that_was_cut_off_can_be_repeated_and_makes_one_run(
    house: House, apis: Apis, took: Callable[[float], None], point: str
) -> None:
    house.keep()
    house.workers.start("-P", "threads", "-c", "2")
    first = apis.start(faults=[{"at": point, "do": "kill"}])
    key = str(uuid.uuid4())
    with pytest.raises(httpx.TransportError):
        submit(first, house.folder, key)
    mark = house.mark()
    written = house.client.runtime.database.driver.rows("SELECT id FROM run", {})
    assert len(written) == (point == "in-submit")
    again = submit(apis.start(), house.folder, key)
    assert again.status_code == (200 if point == "in-submit" else 202)
    run = again.json()["id"]
    assert house.client.runtime.database.driver.rows("SELECT id FROM run", {}) == [(run,)]
    house.sound(run)
    took(house.recovery(run, mark))
