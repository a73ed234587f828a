from __future__ import annotations

from pathlib import Path

import pytest

from synapse.contracts.evidence import Source
from synapse.corpus.folder import index_folder
from synapse.corpus.library import Library
from synapse.errors import NotFound, Permanent, Transient
from synapse.mcp_servers.search import search_all, search_corpus


class Canned:
    def __init__(self, name: str, *urls: str, error: Exception | None = None) -> None:
        self.name, self.urls, self.error = name, urls, error

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
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


async def test_a_corpus_that_is_named_is_searched_alone(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\nCats sleep most of the day.")
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    library = Library(tmp_path / "corpora")
    results = await search_corpus(library, "animals", "how long do cats sleep", 5)
    assert [source.url for source in results.sources] == ["corpus://animals/cats.md"]
    with pytest.raises(NotFound):
        await search_corpus(library, "plants", "q", 5)
    library.close()
