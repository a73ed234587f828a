from __future__ import annotations

from typing import Any

import pytest

from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.errors import BacklogFull, TooManyRuns
from synapse.service.service import Service
from synapse.settings import TenantSettings
from tests.unit.workbench import Workbench

ECHO = RunRequest(workflow="echo", input={"text": "x"})


def _of(bench: Workbench, tenant: str = "acme", **limits: Any) -> Service:
    bench.runtime.tenants = TenantSettings.model_validate(limits)
    bench.runtime.__dict__.pop("window", None)
    bench.runtime.__dict__.pop("runner", None)
    return bench.service.acting_for(Principal(Tenant(tenant), "anna", frozenset({Scope.RUNS_WRITE})))


def test_a_tenant_at_its_limit_of_runs_is_told_which_and_when_to_come_back(bench: Workbench) -> None:
    service = _of(bench, tenant_max_runs=2)
    for _ in range(2):
        service.runs.submit(ECHO)
    with pytest.raises(TooManyRuns) as caught:
        service.runs.submit(ECHO)
    assert (caught.value.status, caught.value.field, caught.value.headers) == (429, "SYNAPSE_TENANT_MAX_RUNS", {"Retry-After": "5"})
    assert len(service.runs.list().runs) == 2
    _of(bench, "other", tenant_max_runs=2).runs.submit(ECHO)
    bench.work()
    service.runs.submit(ECHO)


def test_a_request_that_only_repeats_one_is_let_in(bench: Workbench) -> None:
    service = _of(bench, tenant_max_runs=1)
    first = service.runs.submit(ECHO, idempotency_key="k")
    assert service.runs.submit(ECHO, idempotency_key="k").run.id == first.run.id
    with pytest.raises(TooManyRuns):
        service.runs.submit(ECHO, idempotency_key="another")


def test_a_tenant_whose_steps_pile_up_is_told_to_wait(bench: Workbench) -> None:
    service = _of(bench, tenant_window=1, tenant_max_backlog=2)
    for _ in range(3):
        service.runs.submit(ECHO)
    assert len(bench.pending.queue) == 1
    with pytest.raises(BacklogFull) as caught:
        service.runs.submit(ECHO)
    assert caught.value.field == "SYNAPSE_TENANT_MAX_BACKLOG"
    bench.work()
    assert {run.state.value for run in service.runs.list().runs} == {"succeeded"}
    service.runs.submit(ECHO)


def test_the_time_to_come_back_goes_by_the_rate_and_is_a_minute_at_most(bench: Workbench) -> None:
    service = _of(bench, tenant_steps_per_second=0.01, tenant_max_backlog=1)
    service.runs.submit(ECHO)
    service.runs.submit(ECHO)
    with pytest.raises(BacklogFull) as caught:
        service.runs.submit(ECHO)
    assert caught.value.headers == {"Retry-After": "60"}


def test_without_limits_nothing_is_counted(bench: Workbench) -> None:
    service = _of(bench)
    for _ in range(3):
        service.runs.submit(ECHO)
    assert bench.runtime.gate is None
    assert "window" not in bench.runtime.__dict__
    bench.work()
    assert bench.runtime.database.driver.rows("SELECT count(*) FROM ticket", {}) == [(0,)]
