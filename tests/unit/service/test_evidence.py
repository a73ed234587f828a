from __future__ import annotations

import pytest

from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.errors import InvalidInput, NotFound
from synapse.service import evidence
from tests.unit.workbench import QUESTION, Workbench

ACME = Principal(Tenant("acme"), "anna", frozenset({Scope.ADMIN}))


async def test_claims_are_found_in_one_report_and_in_all(researched: tuple[Workbench, str]) -> None:
    bench, run = researched
    one = await bench.service.evidence.search("late acknowledgement", run=run, limit=1)
    everywhere = await bench.service.evidence.search("late acknowledgement", limit=1)
    assert one == everywhere
    assert (one.claims[0].run, one.searched) == (run, 1)


async def test_older_reports_are_gone_on_with_by_the_cursor(researched: tuple[Workbench, str], monkeypatch: pytest.MonkeyPatch) -> None:
    bench, old = researched
    new = bench.finished(RunRequest(question=QUESTION)).id
    bench.finished(RunRequest(workflow="echo", input={"text": "celery"}))
    monkeypatch.setattr(evidence, "REPORTS", 2)
    first = await bench.service.evidence.search("acknowledgement")
    # One of the two runs looked at makes no report.
    assert ({claim.run for claim in first.claims}, first.searched) == ({new}, 1)
    second = await bench.service.evidence.search("acknowledgement", cursor=first.next)
    assert ({claim.run for claim in second.claims}, second.searched, second.next) == ({old}, 1, None)


async def test_another_tenants_reports_are_not_searched(researched: tuple[Workbench, str]) -> None:
    bench, run = researched
    stranger = bench.service.acting_for(ACME)
    assert (await stranger.evidence.search("acknowledgement")).searched == 0
    with pytest.raises(NotFound):
        await stranger.evidence.search("celery", run=run)


async def test_a_query_without_a_word_is_refused(bench: Workbench) -> None:
    with pytest.raises(InvalidInput) as caught:
        await bench.service.evidence.search("the of and")
    assert caught.value.field == "query"
