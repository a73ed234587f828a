from __future__ import annotations

import pytest

from synapse.errors import Permanent
from synapse.research.plan import plan
from synapse.tasks.fact_check import FactCheckInput, fact_check
from synapse.tools.memory import MemoryToolbox
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
    pages = {
        f"https://site{n}.org/": "\n\n".join(
            f"Tides of harbour {n}-{k} rise because the Moon pulls basin {k} of coast {n} up." for k in range(400)
        )
        for n in range(8)
    }
    tools = MemoryToolbox(pages=pages)
    found = await fact_check.function(
        FactCheckInput(subquestions=plan("Why do tides rise?"), snapshots=await read(tools, list(pages))), tools
    )
    assert found.claims
    assert len(found.model_dump_json()) < 40_000
