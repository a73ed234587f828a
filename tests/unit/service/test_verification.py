from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from synapse.contracts.evidence import Page
from synapse.contracts.run import RunDetail, RunRequest
from synapse.contracts.toolbox import StepContext
from synapse.contracts.verification import Revisited, Today, Verification
from synapse.errors import Conflict, NotFound, Permanent, Transient
from synapse.state.blobs import FolderBlobs
from synapse.tools.memory import MemoryToolbox
from tests.unit.workbench import PAGES, QUESTION, Workbench


@pytest.fixture
def bench(researched: tuple[Workbench, str]) -> Workbench:
    return researched[0]


@pytest.fixture
def run(researched: tuple[Workbench, str]) -> RunDetail:
    bench, run = researched
    return bench.service.runs.get(run)


def _blob(bench: Workbench, sha256: str) -> Path:
    store = bench.runtime.database.blobs
    assert isinstance(store, FolderBlobs)
    return store._path(sha256)


def _found(verification: Verification) -> list[str]:
    return [f"{check.name}: {finding.where}: {finding.what}" for check in verification.checks for finding in check.findings]


async def test_a_healthy_run_holds(bench: Workbench, run: RunDetail) -> None:
    verification = await bench.service.verifications.verify(run)
    assert verification.holds
    assert _found(verification) == []
    assert {check.name for check in verification.checks if check.checked} == {"report", "snapshots", "quotes", "sentences", "references"}
    assert verification.sources == ()


async def test_a_tampered_page_and_a_missing_one_are_named(bench: Workbench, run: RunDetail) -> None:
    report = await bench.service.reports.json(run)
    first, second = (snapshot.id for snapshot in report.snapshots)
    _blob(bench, first).write_bytes(_blob(bench, first).read_bytes().replace(b"acknowledged", b"acclaimed"))
    _blob(bench, second).unlink()
    verification = await bench.service.verifications.verify(run)
    assert not verification.holds
    found = _found(verification)
    assert any(f"snapshot {first[:12]}" in each and "another sha256" in each for each in found)
    assert any(f"snapshot {second[:12]}" in each and "not stored any more" in each for each in found)


async def test_a_shifted_quote_is_named_and_so_is_the_report_that_was_changed_for_it(bench: Workbench, run: RunDetail) -> None:
    report = await bench.service.reports.json(run)
    item = report.evidence[0]
    shifted = report.model_copy(update={"evidence": (item.model_copy(update={"start": item.start + 1}), *report.evidence[1:])})
    _blob(bench, run.output["report"]).write_text(shifted.model_dump_json())
    assert _found(await bench.service.verifications.verify(run)) == [
        "report: report: was changed: its bytes have another sha256",
        f"quotes: evidence {item.id}: the quote does not stand at {item.start + 1}–{item.end}",
    ]


async def test_a_sentence_robbed_of_its_citation_makes_the_report_none(bench: Workbench, run: RunDetail) -> None:
    report = (await bench.service.reports.json(run)).model_dump(mode="json")
    report["answer"][0]["evidence"] = []
    _blob(bench, run.output["report"]).write_bytes(json.dumps(report).encode())
    found = _found(await bench.service.verifications.verify(run))
    assert any("is no report any more: answer.0.evidence" in each for each in found)


async def test_a_report_that_is_gone_is_named(bench: Workbench, run: RunDetail) -> None:
    _blob(bench, run.output["report"]).unlink()
    _blob(bench, run.output["markdown"]).unlink()
    assert _found(await bench.service.verifications.verify(run)) == [
        "report: report: is not stored any more",
        "report: markdown: is not stored any more",
    ]


async def test_sources_are_fetched_again_only_when_that_is_asked_for(bench: Workbench, run: RunDetail) -> None:
    asked: list[StepContext] = []
    pages: dict[str, Page | str] = dict(PAGES)

    def toolbox(context: StepContext, progress: Any) -> MemoryToolbox:
        asked.append(context)
        return MemoryToolbox(pages=pages, context=context)

    bench.runtime.__dict__["toolbox"] = toolbox
    await bench.service.verifications.verify(run)
    assert asked == []
    verification = await bench.service.verifications.verify(run, refetch=True)
    assert verification.holds
    assert {source.today for source in verification.sources} == {Today.UNCHANGED}
    assert all(context.deadline and context.run == run.id for context in asked)


async def test_each_source_says_what_became_of_it(bench: Workbench, run: RunDetail) -> None:
    reference = (await bench.service.reports.json(run)).references[0]
    url, text = reference.url, PAGES[reference.url]

    async def today(tools: MemoryToolbox) -> Revisited:
        bench.runtime.__dict__["toolbox"] = lambda context, progress: tools
        verification = await bench.service.verifications.verify(run, refetch=True)
        return verification.sources[0]

    changed = await today(MemoryToolbox(pages={**PAGES, url: text + "\n\nSomething new."}))
    assert (changed.today, changed.quotes) == (Today.CHANGED, ())
    lost = await today(MemoryToolbox(pages={**PAGES, url: "Something else altogether."}))
    assert (lost.today, {quote.where for quote in lost.quotes}) == (Today.QUOTES_GONE, {f"evidence {name}" for name in reference.evidence})
    tools = MemoryToolbox(pages=PAGES)
    tools.fail(url, Permanent("the page answered 404"))
    gone = await today(tools)
    assert (gone.today, gone.error) == (Today.GONE, "the page answered 404")


async def test_a_store_that_does_not_answer_is_no_verdict(bench: Workbench, run: RunDetail, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(sha256: str) -> bytes:
        raise Transient("the store does not answer")

    monkeypatch.setattr(bench.runtime.database.blobs, "get", silent)
    with pytest.raises(Transient):
        await bench.service.verifications.verify(run)


async def test_a_run_without_a_report_has_nothing_to_check(bench: Workbench) -> None:
    with pytest.raises(Conflict):
        await bench.service.verifications.verify(bench.service.runs.submit(RunRequest(question=QUESTION)).run)
    with pytest.raises(NotFound):
        await bench.service.verifications.verify(bench.finished(RunRequest(workflow="echo", input={"text": "x"})))
