from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from synapse.contracts.evidence import Verdict
from synapse.contracts.llm import Role
from synapse.errors import NoAnswer, Permanent
from synapse.research.plan import plan
from synapse.tasks.fact_check import FactCheckInput, fact_check
from synapse.tools.memory import MemoryToolbox
from synapse.tools.memory_model import MemoryModel
from tests.unit.tasks.steps import QUESTION, checked, read


async def test_claims_quote_the_stored_pages(tools: MemoryToolbox) -> None:
    _, _, found = await checked(tools)
    assert found.claims
    for item in found.evidence:
        text = (await tools.get_blob(item.snapshot)).decode()
        assert text[item.start : item.end] == item.quote


async def test_a_page_read_from_two_addresses_is_one_page(tools: MemoryToolbox) -> None:
    snapshots = await read(tools)
    twin = snapshots[0].model_copy(update={"url": "https://mirror.org/tides", "origin": "mirror.org"})
    once = await fact_check.function(FactCheckInput(subquestions=plan(QUESTION), snapshots=snapshots), tools)
    twice = await fact_check.function(FactCheckInput(subquestions=plan(QUESTION), snapshots=[*snapshots, twin]), tools)
    assert once == twice


async def test_no_pages_are_no_claims(tools: MemoryToolbox) -> None:
    found = await fact_check.function(FactCheckInput(subquestions=plan(QUESTION), snapshots=[]), tools)
    assert found.claims == []


async def test_a_lost_page_fails_the_step(tools: MemoryToolbox) -> None:
    snapshots = await read(tools)
    tools.blobs.blobs.clear()
    with pytest.raises(Permanent):
        await fact_check.function(FactCheckInput(subquestions=plan(QUESTION), snapshots=snapshots), tools)


async def test_the_output_is_small_however_long_the_pages_are() -> None:
    # Every sentence as a claim with its quote would be 245 kB.
    pages = {
        f"https://site{n}.org/": "\n\n".join(
            f"Tides of harbour {n}-{k} rise because the Moon pulls basin {k} of coast {n} up." for k in range(60)
        )
        for n in range(8)
    }
    tools = MemoryToolbox(pages=pages)
    found = await fact_check.function(
        FactCheckInput(subquestions=plan("Why do tides rise?"), snapshots=await read(tools, list(pages))), tools
    )
    assert found.claims
    assert len(found.model_dump_json()) < 40_000


WORDED = "Spring tides occur when the Sun, the Moon and the Earth are in a line."


class Checker:
    """Words the claim about spring tides anew; judges every pair alike."""

    def __init__(self, verdict: str | None) -> None:
        self.verdict = verdict

    def __call__(self, role: Role, data: Mapping[str, str]) -> dict[str, Any] | NoAnswer:
        if role is Role.CLAIMS:
            known = dict(line.split(" | ", 1) for line in data["sentences"].splitlines())
            name = next(name for name, text in known.items() if "pring tides occur" in text)
            return {"claims": [{"subquestion": "q2", "sentence": name, "text": WORDED}]}
        if self.verdict is None:
            return NoAnswer("it is busy")
        ids = {line.split(" | ")[0] for line in data["statements and quotes"].splitlines()}
        return {"verdicts": [{"id": name, "verdict": self.verdict} for name in ids]}


@pytest.mark.parametrize("verdict", ["supported", None])
async def test_a_model_words_a_claim_anew_whether_or_not_it_also_judges(verdict: str | None, tools: MemoryToolbox) -> None:
    tools.language_model = lambda spent: MemoryModel(Checker(verdict), usage=spent)
    _, _, found = await checked(tools)
    (worded,) = [claim for claim in found.claims if claim.by_model]
    assert worded.text == WORDED
    assert worded.verdict is Verdict.CORROBORATED
    assert found.model.usage.calls == 2
    assert len(found.model.notes) == (verdict is None)


@pytest.mark.parametrize("verdict", ["contradicted", "not_in_evidence"])
async def test_a_model_that_finds_no_support_takes_wordings_and_agreement_away_but_no_claim(verdict: str, tools: MemoryToolbox) -> None:
    _, _, plain = await checked(tools)
    tools.language_model = lambda spent: MemoryModel(Checker(verdict), usage=spent)
    _, _, found = await checked(tools)
    assert sorted(claim.text for claim in found.claims) == sorted(claim.text for claim in plain.claims)
    assert any(claim.verdict is Verdict.CORROBORATED for claim in plain.claims)
    assert not any(claim.by_model or claim.verdict is Verdict.CORROBORATED for claim in found.claims)
    assert {item.id for item in found.evidence} == {name for claim in found.claims for name in claim.evidence}
