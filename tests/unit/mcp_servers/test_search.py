from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from synapse.contracts.evidence import Source
from synapse.corpus.folder import index_folder
from synapse.corpus.library import Library
from synapse.errors import NotFound, Permanent, Transient
from synapse.mcp_servers.search import arranged, search_all, search_one
from tests.waiting import PATIENCE


class Canned:
    def __init__(self, name: str, *urls: str, error: Exception | None = None) -> None:
        self.name, self.urls, self.error, self.asked = name, urls, error, 0

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        self.asked += 1
        if self.error:
            raise self.error
        return [Source(url=url, provider=self.name, score=1.0) for url in self.urls][:limit], []


async def test_a_provider_that_fails_is_named_and_the_others_are_heard() -> None:
    results = await search_all([Canned("web", error=Transient("no answer")), Canned("corpus", "corpus://a/1")], "q", 5)
    assert [source.url for source in results.sources] == ["corpus://a/1"]
    assert results.failed == ("web: no answer",)


async def test_when_all_fail_the_search_failed() -> None:
    with pytest.raises(Transient, match=r"web: x; other: y"):
        await search_all([Canned("web", error=Transient("x")), Canned("other", error=Permanent("y"))], "q", 5)


async def test_nothing_found_is_an_answer_and_nobody_to_ask_is_not() -> None:
    assert (await search_all([Canned("web")], "q", 5)).sources == ()
    with pytest.raises(Permanent, match="nothing to search"):
        await search_all([], "q", 5)


async def test_an_unforeseen_error_of_one_provider_is_its_failure_and_nobody_elses(caplog: pytest.LogCaptureFixture) -> None:
    results = await search_all([Canned("web", error=KeyError("brave-secret")), Canned("corpus", "corpus://a/1")], "q", 5)
    assert results.failed == ("web: it failed unexpectedly: KeyError",)
    assert len(results.sources) == 1
    assert "secret" not in caplog.text


async def test_providers_are_asked_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    class Meeting(Canned):
        async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
            await both.wait()
            return await super().search(query, limit)

    async with asyncio.timeout(PATIENCE):
        results = await search_all([Meeting("a", "https://a.org/"), Meeting("b", "https://b.org/")], "q", 5)
    assert len(results.sources) == 2


async def test_the_last_resort_is_asked_when_the_web_gave_nothing() -> None:
    for web, expected in ((Canned("web", "https://a.org/"), 0), (Canned("web"), 1), (Canned("web", error=Transient("x")), 1)):
        spare = Canned("spare", "https://b.org/")
        results = await search_all([Canned("corpus", "corpus://a/1"), web], "q", 5, spare=[spare])
        assert spare.asked == expected
        assert len(results.sources) == 2
    assert len((await search_all([], "q", 5, spare=[Canned("spare", "https://b.org/")])).sources) == 1


async def test_the_head_has_several_voices_and_the_limit_is_kept() -> None:
    crowd = Canned("a", *(f"https://a.org/{at}" for at in range(9)), "https://b.org/", "https://c.org/")
    results = await search_all([crowd], "q", 6)
    assert [source.url for source in results.sources] == [f"https://a.org/{at}" for at in range(6)]
    results = await search_all([crowd], "q", 11)
    assert [source.url for source in results.sources][3:5] == ["https://b.org/", "https://c.org/"]
    assert len(results.sources) == 11


def test_what_is_new_comes_forward_when_the_question_asks_for_it() -> None:
    lists = [
        [Source(url="https://a.org/", provider="a"), Source(url="https://b.org/", provider="a", published="2026-11-01")],
        [Source(url="https://a.org/", provider="b"), Source(url="https://b.org/", provider="b")],
    ]
    today = date(2026, 11, 23)
    assert [source.url for source in arranged(lists, "release notes", 5, today)] == ["https://a.org/", "https://b.org/"]
    assert [source.url for source in arranged(lists, "latest release notes", 5, today)] == ["https://b.org/", "https://a.org/"]


async def test_a_corpus_that_is_named_is_searched_alone(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\nCats sleep most of the day.")
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    library = Library(tmp_path / "corpora")
    results = await search_one(library, "animals", "how long do cats sleep", 5)
    assert [source.url for source in results.sources] == ["corpus://animals/cats.md"]
    with pytest.raises(NotFound):
        await search_one(library, "plants", "q", 5)
    library.close()
