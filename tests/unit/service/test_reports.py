from __future__ import annotations

import pytest

from synapse.contracts.run import RunRequest
from synapse.errors import Conflict, NotFound
from tests.unit.workbench import QUESTION, Workbench


async def test_a_report_is_the_same_in_all_its_forms(researched: tuple[Workbench, str]) -> None:
    bench, run_id = researched
    run = bench.service.runs.get(run_id)
    report = await bench.service.reports.json(run)
    assert report.question == QUESTION
    for drawn in (await bench.service.reports.markdown(run), await bench.service.reports.html(run)):
        assert all(sentence.text.split(",")[0] in drawn for sentence in report.answer)


async def test_a_run_under_way_is_to_be_waited_for_and_a_stopped_one_resumed(bench: Workbench) -> None:
    run = bench.service.runs.submit(RunRequest(question=QUESTION)).run
    with pytest.raises(Conflict) as caught:
        await bench.service.reports.markdown(run)
    assert caught.value.remedy == "wait for it to succeed"
    with pytest.raises(Conflict) as caught:
        await bench.service.reports.html(bench.service.runs.cancel(run.id))
    assert caught.value.remedy == "resume it"


async def test_a_workflow_without_a_report_has_none(bench: Workbench) -> None:
    run = bench.finished(RunRequest(workflow="echo", input={"text": "x"}))
    with pytest.raises(NotFound, match="echo"):
        await bench.service.reports.json(run)
