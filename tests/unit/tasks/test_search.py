from __future__ import annotations

import pytest

from synapse.contracts.evidence import Found, Source
from synapse.errors import Transient
from synapse.tasks.search import RankInput, SearchInput, rank, search
from synapse.tools.memory import MemoryToolbox
from tests.unit.research.factory import question


async def test_sources_carry_the_subquestion_they_were_found_for(tools: MemoryToolbox) -> None:
    found = await search.function(SearchInput(subquestion=question("What are tides?", name="q7")), tools)
    assert found.subquestion == "q7"
    assert {source.url for source in found.sources} == {"https://a.org/tides", "https://b.org/why"}


async def test_only_the_corpus_asked_for_is_searched() -> None:
    tools = MemoryToolbox(pages={"corpus://one/a": "Tides rise.", "corpus://two/a": "Tides fall."})
    found = await search.function(SearchInput(subquestion=question("What are tides?"), corpus="two"), tools)
    assert [source.url for source in found.sources] == ["corpus://two/a"]


async def test_a_providers_failure_is_carried_along(tools: MemoryToolbox) -> None:
    tools.failed_providers = ("searxng: connection refused",)
    found = await search.function(SearchInput(subquestion=question("What are tides?")), tools)
    assert found.failed == ("searxng: connection refused",)


async def test_a_failing_search_fails_the_step(tools: MemoryToolbox) -> None:
    part = question("What are tides?")
    tools.fail(part.query, Transient("down"))
    with pytest.raises(Transient):
        await search.function(SearchInput(subquestion=part), tools)


async def test_lists_are_fused_and_failures_named_once(tools: MemoryToolbox) -> None:
    def found(name: str, *urls: str) -> Found:
        return Found(subquestion=name, sources=tuple(Source(url=url, provider="x") for url in urls), failed=("x: slow",))

    ranked = await rank.function(RankInput(found=[found("q1", "https://a.org/1"), found("q2", "https://a.org/1#top")], limit=5), tools)
    assert [(source.url, source.subquestions) for source in ranked.sources] == [("https://a.org/1", ("q1", "q2"))]
    assert ranked.failed == ["x: slow"]


async def test_a_second_look_counts_only_the_parts_in_question_and_pages_not_read_yet(tools: MemoryToolbox) -> None:
    lists = [
        Found(subquestion="q1", sources=(Source(url="https://a.org/", provider="x"),)),
        Found(subquestion="q2", sources=(Source(url="https://b.org/", provider="x"), Source(url="https://c.org/", provider="x"))),
    ]
    ranked = await rank.function(RankInput(found=lists, only=["q2"], known=["https://b.org/"]), tools)
    assert [source.url for source in ranked.sources] == ["https://c.org/"]


async def test_what_pages_may_have_is_divided_before_any_is_read_and_a_later_look_has_its_part(tools: MemoryToolbox) -> None:
    lists = [Found(subquestion="q1", sources=tuple(Source(url=f"https://{name}.org/", provider="x") for name in "abc"))]
    ranked = await rank.function(RankInput(found=lists, limit=2, max_bytes=1000, later=2), tools)
    assert (len(ranked.sources), ranked.page_bytes, ranked.bytes_left) == (2, 250, 500)
    again = await rank.function(RankInput(found=lists, known=["https://a.org/", "https://b.org/"], max_bytes=ranked.bytes_left), tools)
    assert (len(again.sources), again.page_bytes, again.bytes_left) == (1, 500, 0)
    unlimited = await rank.function(RankInput(found=lists), tools)
    assert (unlimited.page_bytes, unlimited.bytes_left) == (None, None)


async def test_the_domains_of_both_looks_are_counted_together(tools: MemoryToolbox) -> None:
    lists = [Found(subquestion="q1", sources=tuple(Source(url=f"https://{name}.org/", provider="x") for name in "abc"))]
    assert len((await rank.function(RankInput(found=lists, max_domains=2), tools)).sources) == 2
    assert (await rank.function(RankInput(found=lists, known=["https://a.org/", "https://b.org/"], max_domains=2), tools)).sources == []
