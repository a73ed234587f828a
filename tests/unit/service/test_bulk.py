from __future__ import annotations

import pytest

from synapse.contracts.bulk import BulkCancelRequest, BulkRequest
from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunFilter, RunRequest
from tests.unit.workbench import Workbench


def start(bench: Workbench, *, fail: bool = False, **labels: str) -> str:
    request = RunRequest(workflow="echo", input={"text": "x", "fail": fail}, labels=labels)
    return bench.service.runs.submit(request).run.id


def outcomes(result: object) -> list[tuple[str, str, str | None]]:
    return [(item.id, item.outcome.value, item.state and item.state.value) for item in result.items]  # type: ignore[attr-defined]


def test_each_id_is_answered_for_in_order_and_one_that_is_refused_stops_no_other(bench: Workbench) -> None:
    ended = start(bench)
    bench.work()
    under_way = start(bench)
    request = BulkCancelRequest(ids=(ended, "nobody", under_way, ended), reason="enough")
    result = bench.service.bulk.cancel(request)
    assert outcomes(result) == [(ended, "unchanged", "succeeded"), ("nobody", "refused", None), (under_way, "done", "cancelled")]
    assert [item.error and item.error.code for item in result.items] == [None, "not-found", None]
    assert bench.service.runs.get(under_way).error.message == "enough"  # type: ignore[union-attr] # it was cancelled
    assert outcomes(bench.service.bulk.cancel(request))[2] == (under_way, "unchanged", "cancelled")


def test_those_that_a_filter_matches_and_can_be_are_cancelled_so_many_at_a_time(bench: Workbench) -> None:
    done = start(bench, team="sales")
    bench.work()
    others, mine = start(bench, team="support"), [start(bench, team="sales") for _ in range(3)]
    wanted = RunFilter(label=("team:sales",))
    first = bench.service.bulk.cancel(BulkCancelRequest(filter=wanted, limit=2))
    assert [item.id for item in first.items] == [mine[2], mine[1]]
    second = bench.service.bulk.cancel(BulkCancelRequest(filter=wanted, limit=2, cursor=first.next))
    assert ([item.id for item in second.items], second.next) == ([mine[0]], None)
    assert [bench.service.runs.state(run).value for run in (done, others)] == ["succeeded", "running"]


def test_failed_and_cancelled_runs_go_on_and_are_worked_off(bench: Workbench) -> None:
    failed, cancelled, under_way = start(bench, fail=True), start(bench), start(bench)
    bench.runtime.runner.try_step(failed, "say", bench.pending.queue[0].digest)
    bench.service.runs.cancel(cancelled)
    bench.pending.queue.clear()
    result = bench.service.bulk.resume(BulkRequest(filter=RunFilter()))
    assert sorted(outcomes(result)) == sorted([(failed, "done", "running"), (cancelled, "done", "running")])
    assert {hint.run for hint in bench.pending.queue} == {failed, cancelled}
    refused = bench.service.bulk.resume(BulkRequest(ids=(under_way,)))
    assert outcomes(refused) == [(under_way, "refused", "running")]


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_a_filter_for_states_that_cannot_be_cancelled_matches_none(bench: Workbench, state: str) -> None:
    start(bench)
    assert bench.service.bulk.cancel(BulkCancelRequest(filter=RunFilter(state=(state,)))).items == ()  # type: ignore[arg-type]


def test_another_tenants_runs_are_neither_found_nor_named(bench: Workbench) -> None:
    run = start(bench, team="sales")
    stranger = bench.service.acting_for(Principal(Tenant("other"), "x", frozenset({Scope.ADMIN})))
    assert stranger.bulk.cancel(BulkCancelRequest(filter=RunFilter())).items == ()
    said = [stranger.bulk.cancel(BulkCancelRequest(ids=(name,))).model_dump_json().replace(name, "*") for name in (run, "nobody")]
    assert said[0] == said[1]
    assert bench.service.runs.state(run).value == "running"
