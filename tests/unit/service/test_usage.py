from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from synapse.contracts.principal import OPERATOR, Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.errors import Forbidden, InvalidInput
from tests.unit.workbench import QUESTION, Workbench


def test_runs_and_attempts_are_counted_on_the_day_they_began(bench: Workbench) -> None:
    run = bench.finished(RunRequest(question=QUESTION))
    bench.finished(RunRequest(workflow="echo", input={"text": "x", "fail": True}))
    found = bench.service.usage.report()
    assert [each.day for each in found.days] == [datetime.now(UTC).date()] == [found.until]
    assert (found.total.runs, found.total.steps) == (2, len(run.steps) + 1)
    assert found.total.bytes > 1000
    assert (found.until - found.since).days == 29


def test_days_are_in_order_and_at_most_a_year(bench: Workbench) -> None:
    desk = bench.service.usage
    assert desk.report(date(2026, 1, 1), date(2026, 12, 31)).days == ()
    for since, until in ((date(2026, 1, 2), date(2026, 1, 1)), (date(2025, 1, 1), date(2026, 1, 2)), (date.max, date.max)):
        with pytest.raises(InvalidInput):
            desk.report(since, until)
    assert desk.report(until=date.min).since == date.min


def test_another_tenants_is_for_an_operator(bench: Workbench) -> None:
    bench.finished(RunRequest(workflow="echo", input={"text": "x"}))
    stranger = bench.service.acting_for(Principal(Tenant("acme"), "x", frozenset({Scope.ADMIN}))).usage
    assert stranger.report().total.runs == 0
    with pytest.raises(Forbidden):
        stranger.report(tenant="default")
    assert bench.service.acting_for(OPERATOR).usage.report(tenant="acme").tenant == "acme"
    with pytest.raises(InvalidInput):
        bench.service.usage.report(tenant="No\0ne")
