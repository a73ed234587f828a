from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from synapse.contracts.evidence import Verdict
from synapse.contracts.llm import ModelUse, Role, Usage
from synapse.contracts.report import Outcome, Report
from synapse.errors import NoAnswer, Permanent
from synapse.research.citations import check
from synapse.research.html import page
from synapse.research.render import markdown
from synapse.tasks.synthesis import SynthesisInput, synthesis
from synapse.tools.memory import MemoryToolbox
from synapse.tools.memory_model import MemoryModel
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


SPRING = "Spring tides occur when the Sun, the Moon and the Earth are in a line."
CAUSE = "The gravity of the Moon stretches the oceans, and so causes tides."


class Writer:
    """Writes two sentences, and judges as it was told."""

    def __init__(self, *unsupported: str) -> None:
        self.unsupported = unsupported

    def __call__(self, role: Role, data: Mapping[str, str]) -> dict[str, Any] | NoAnswer:
        if role is Role.WRITE:
            quotes = dict(line.split(" | ", 1) for line in data["quotes"].splitlines())
            cited = [next(name for name, text in quotes.items() if words in text) for words in ("pring tides occur", "gravity of the Moon")]
            return {"sentences": [{"text": text, "evidence": [name]} for text, name in zip((SPRING, CAUSE), cited, strict=True)]}
        if role is Role.VERIFY:
            lines = data["statements and quotes"].splitlines()
            said = dict(line.split(" | statement: ") for line in lines if " | statement: " in line)
            return {"verdicts": [{"id": n, "verdict": "contradicted" if t in self.unsupported else "supported"} for n, t in said.items()]}
        return NoAnswer("not now")


async def reported(tools: MemoryToolbox, writer: Writer | None, **more: object) -> Report:
    tools.language_model = (lambda spent: MemoryModel(writer, usage=spent)) if writer else (lambda spent: None)
    made = await written(tools, **more)
    return Report.model_validate_json(await tools.get_blob(made.report))


async def test_a_model_writes_the_answer_and_what_it_covers_is_not_said_again(tools: MemoryToolbox) -> None:
    report = await reported(tools, Writer())
    assert [sentence.text for sentence in report.answer] == [SPRING, CAUSE]
    assert all(sentence.by_model for sentence in report.answer)
    told = {name for sentence in report.answer for name in sentence.evidence}
    first = {claim.id: claim.evidence[0] for claim in report.claims}
    assert not any(first[sentence.claim] in told for section in report.sections for sentence in section.sentences)
    assert check(report, {each.id: (await tools.get_blob(each.id)).decode() for each in report.snapshots}) == []


async def test_a_sentence_that_its_quotes_do_not_bear_out_is_left_out_and_that_is_said(tools: MemoryToolbox) -> None:
    report = await reported(tools, Writer(CAUSE))
    assert [sentence.text for sentence in report.answer] == [SPRING]
    assert "Of the 2 sentences that it wrote 1 were left out: their quotes do not bear them out." in report.notes


async def test_without_one_sentence_left_the_claims_speak_for_themselves(tools: MemoryToolbox) -> None:
    report = await reported(tools, Writer(SPRING, CAUSE))
    assert [sentence.text for sentence in report.answer] == [sentence.text for sentence in (await reported(tools, None)).answer]
    assert any(note.startswith("For the wording of the answer the language model was not used") for note in report.notes)


async def test_what_a_run_has_used_is_carried_on_to_the_report(tools: MemoryToolbox) -> None:
    before = ModelUse(usage=Usage(calls=4, tokens_in=900, tokens_out=100, estimated=True), notes=("Noted before.",))
    report = await reported(tools, Writer(), model=before)
    assert report.notes[0] == "A language model was asked 6 times (about 1000 tokens)."
    assert "Noted before." in report.notes


async def test_a_forged_wording_of_a_model_stops_the_report(tools: MemoryToolbox) -> None:
    report = await reported(tools, Writer())
    forged = report.answer[0].model_copy(update={"text": "Whales cause tides.", "verdict": Verdict.CORROBORATED})
    texts = {each.id: (await tools.get_blob(each.id)).decode() for each in report.snapshots}
    (fault,) = check(report.model_copy(update={"answer": (forged, *report.answer[1:])}), texts)
    assert "does not stand on its quotes" in fault.what


async def test_a_reader_is_told_of_the_model_in_both_forms(tools: MemoryToolbox) -> None:
    report = await reported(tools, Writer())
    for shown in (markdown(report), page(report)):
        assert "About the language model" in shown
        assert "✎" in shown
    plain = await reported(tools, None)
    assert not any(mark in shown for shown in (markdown(plain), page(plain)) for mark in ("language model", "✎"))
