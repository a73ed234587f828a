from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from synapse.corpus.folder import index_folder
from synapse.corpus.store import Corpus, parse_url, url_of
from synapse.errors import NotFound
from tests.moments import assert_utc
from tests.waiting import PATIENCE


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "cache note.md").write_text(
        "# Caching\n\nIntro.\n\n## Eviction\n\nThe least recently used entry is evicted when the cache is full.\n"
    )
    (docs / "other.md").write_text("# Queues\n\nA queue holds messages until somebody takes them.\n")
    index_folder(docs, "notes", tmp_path / "corpora")
    return tmp_path / "corpora"


def test_a_question_finds_the_document_and_the_passage(corpora: Path) -> None:
    corpus = Corpus.open(corpora, "notes")
    (hit,) = corpus.search("Which entries are evicted from a full cache?")
    assert hit.url == "corpus://notes/cache%20note.md"
    assert hit.title == "Caching"
    assert "least recently used" in hit.snippet
    assert hit.provider == "corpus"
    corpus.close()


def test_the_document_of_a_hit_is_the_text_as_it_was_extracted(corpora: Path) -> None:
    corpus = Corpus.open(corpora, "notes")
    name, path = parse_url(corpus.search("eviction")[0].url)
    page = corpus.document(path)
    assert (name, page.title, page.media_type) == ("notes", "Caching", "text/markdown")
    assert page.text == "Caching\n\nIntro.\n\nEviction\n\nThe least recently used entry is evicted when the cache is full."
    assert_utc(page.fetched_at, datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC))
    with pytest.raises(NotFound):
        corpus.document("nope")
    corpus.close()


@pytest.mark.parametrize("question", ["", "???", "zzzunknown", '"', "a OR b NEAR *", "x" * 5000])
def test_any_question_has_an_answer_if_only_an_empty_one(corpora: Path, question: str) -> None:
    corpus = Corpus.open(corpora, "notes")
    assert corpus.search(question) == []
    corpus.close()


def test_threads_search_at_once(corpora: Path) -> None:
    corpus = Corpus.open(corpora, "notes")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(len(corpus.search("cache eviction")) for _ in range(10))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [1] * 80
    corpus.close()


def test_what_is_missing_broken_or_of_another_version_is_not_found(corpora: Path) -> None:
    with pytest.raises(NotFound):
        Corpus.open(corpora, "absent")
    (corpora / "broken.sqlite").write_bytes(b"x" * 1000)
    with pytest.raises(NotFound, match="cannot be read"):
        Corpus.open(corpora, "broken")
    with sqlite3.connect(corpora / "notes.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
    connection.close()
    with pytest.raises(NotFound, match="another version"):
        Corpus.open(corpora, "notes")


@pytest.mark.parametrize("url", ["corpus://", "corpus://a", "corpus://a/", "http://a/b", "corpus:///b", ""])
def test_a_url_that_names_no_document_is_not_found(url: str) -> None:
    with pytest.raises(NotFound):
        parse_url(url)


def test_a_path_survives_the_way_through_a_url() -> None:
    path = "a b/ü#?%41.html"
    assert parse_url(url_of("c", path)) == ("c", path)
    assert parse_url("corpus://c/a.html#part") == ("c", "a.html")
