from __future__ import annotations

import pytest

from synapse.contracts.report import Outcome, Report
from synapse.errors import Permanent
from synapse.research.citations import check
from synapse.tasks.synthesis import SynthesisInput, synthesis
from synapse.tools.memory import MemoryToolbox
from tests.unit.tasks.steps import QUESTION, checked, written


async def test_the_stored_report_holds_up_to_a_check(tools: MemoryToolbox) -> None:
    made = await written(tools)
    report = Report.model_validate_json(await tools.get_blob(made.report))
    texts = {snapshot.id: (await tools.get_blob(snapshot.id)).decode() for snapshot in report.snapshots}
    assert check(report, texts) == []
    assert made.outcome is Outcome.REPORT
    assert made.counts.sentences == len(report.answer) + sum(len(section.sentences) for section in report.sections)
    assert (await tools.get_blob(made.markdown)).decode().startswith("# What are tides")


async def test_what_was_skipped_is_owned_up_to(tools: MemoryToolbox) -> None:
    skipped = {
        "index": 2,
        "step": "read[2]",
        "error": {"code": "permanent", "message": "the page has no readable text"},
        "item": {"url": "https://c.org/empty"},
    }
    made = await written(tools, skipped_sources=[skipped], failed_providers=["searxng: refused"])
    report = Report.model_validate_json(await tools.get_blob(made.report))
    assert [(item.what, item.reason) for item in report.missed] == [
        ("Search provider searxng", "refused"),
        ("https://c.org/empty", "the page has no readable text"),
    ]
    assert made.counts.missed == 2


async def test_nothing_found_is_an_honest_report(tools: MemoryToolbox) -> None:
    made = await written(tools, "What is the capital of Mongolia?")
    assert made.outcome is Outcome.NO_EVIDENCE
    assert "No evidence found" in (await tools.get_blob(made.markdown)).decode()


async def test_a_quote_that_does_not_hold_stops_the_report(tools: MemoryToolbox) -> None:
    parts, snapshots, found = await checked(tools)
    forged = [item.model_copy(update={"quote": "Whales cause tides.", "end": item.start + 19}) for item in found.evidence]
    task = SynthesisInput(question=QUESTION, subquestions=parts, claims=found.claims, evidence=forged, snapshots=snapshots)
    with pytest.raises(Permanent, match="citations do not hold"):
        await synthesis.function(task, tools)
    assert not any(b"Whales" in blob for blob in tools.blobs.blobs.values())
