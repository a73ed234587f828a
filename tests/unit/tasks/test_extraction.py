from __future__ import annotations

import pytest

from synapse.contracts.evidence import Page, RankedSource
from synapse.errors import Permanent, Transient
from synapse.tasks.extraction import ExtractionInput, extraction
from synapse.tools.memory import MemoryToolbox
from tests.unit.research.factory import READ_AT, TIDES
from tests.unit.tasks.steps import read


async def test_a_page_is_stored_under_the_sha256_of_its_text(tools: MemoryToolbox) -> None:
    (snapshot,) = await read(tools, ["https://a.org/tides"])
    assert (await tools.get_blob(snapshot.id)).decode() == TIDES
    assert snapshot.length == len(TIDES)
    assert snapshot.origin == "a.org"
    assert snapshot.subquestions == ("q1",)


async def test_the_address_after_redirects_is_whose_voice_it_is() -> None:
    page = Page(url="https://t.co/x", final_url="https://docs.b.org/x", text="Tides rise.", fetched_at=READ_AT, published="2025-01-01")
    tools = MemoryToolbox(pages={"https://t.co/x": page})
    source = RankedSource(url="https://t.co/x", title="From the search", provider="m", score=1)
    snapshot = await extraction.function(ExtractionInput(source=source), tools)
    assert (snapshot.url, snapshot.origin, snapshot.title, snapshot.published) == (
        "https://docs.b.org/x",
        "b.org",
        "From the search",
        "2025-01-01",
    )


async def test_what_the_page_says_of_itself_is_kept_with_it() -> None:
    stated = {"authors": ("A. Author",), "language": "de", "pages": (0, 4), "media_type": "application/pdf"}
    page = Page(url="https://a.org/x", final_url="https://a.org/x", text="Eins zwei", fetched_at=READ_AT, **stated)
    (snapshot,) = await read(MemoryToolbox(pages={"https://a.org/x": page}), ["https://a.org/x"])
    assert {name: getattr(snapshot, name) for name in stated} == stated


async def test_an_empty_page_is_given_up_for_good(tools: MemoryToolbox) -> None:
    with pytest.raises(Permanent):
        await read(tools, ["https://c.org/empty"])


async def test_text_that_is_no_unicode_is_stored_so_that_offsets_hold() -> None:
    tools = MemoryToolbox(pages={"https://a.org/x": Page(url="u", final_url="https://a.org/x", text="a\ud800b", fetched_at=READ_AT)})
    (snapshot,) = await read(tools, ["https://a.org/x"])
    assert (await tools.get_blob(snapshot.id)).decode() == "a?b"
    assert snapshot.length == 3


async def test_a_failure_that_may_pass_stays_one(tools: MemoryToolbox) -> None:
    tools.fail("https://a.org/tides", Transient("busy"))
    with pytest.raises(Transient):
        await read(tools, ["https://a.org/tides"])


@pytest.mark.parametrize("room", [0, 1])
async def test_a_page_with_more_text_than_its_share_is_not_stored(room: int) -> None:
    tools = MemoryToolbox(pages={"https://a.org/x": "\u00e9" * 10})
    source = RankedSource(url="https://a.org/x", provider="m", score=1)
    fits = await extraction.function(ExtractionInput(source=source, max_bytes=20 + room), tools)
    assert fits.length == 10
    tools.blobs.blobs.clear()
    with pytest.raises(Permanent, match=r"share of the bytes that the run may take \(19\)"):
        await extraction.function(ExtractionInput(source=source, max_bytes=19), tools)
    assert tools.blobs.blobs == {}


async def test_the_share_bounds_what_is_fetched_too(tools: MemoryToolbox) -> None:
    source = RankedSource(url="https://a.org/tides", provider="m", score=1)
    await extraction.function(ExtractionInput(source=source, max_bytes=50_000), tools)
    await extraction.function(ExtractionInput(source=source), tools)
    assert tools.bounds == [50_000, None]
