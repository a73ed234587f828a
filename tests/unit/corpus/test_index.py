from __future__ import annotations

import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synapse.corpus import index as index_module
from synapse.corpus.index import Entry, index_entries
from synapse.corpus.store import Corpus
from synapse.errors import InvalidInput, Permanent
from synapse.extract.blocks import Extracted
from tests.waiting import PATIENCE


def read(entry: Entry) -> Extracted:
    """Of another module's process too, hence public and at the top."""
    if "fail" in entry.file:
        raise Permanent("told to fail")
    return Extracted(title=entry.path, text=entry.file)


def _entries(**texts: str) -> list[Entry]:
    return [Entry(path, text, hashlib.sha256(text.encode()).hexdigest(), "text/plain") for path, text in texts.items()]


def _index(corpora: Path, **texts: str) -> tuple[int, int, int, int]:
    report = index_entries(_entries(**texts), read, "c", corpora)
    return report.added, report.updated, report.removed, report.unchanged


def _found(corpora: Path, question: str) -> list[str]:
    corpus = Corpus.open(corpora, "c")
    try:
        return [source.url.rpartition("/")[2] for source in corpus.search(question)]
    finally:
        corpus.close()


def test_only_what_changed_is_read_again_and_what_vanished_is_forgotten(tmp_path: Path) -> None:
    assert _index(tmp_path, a="apples", b="bananas", c="cherries") == (3, 0, 0, 0)
    assert _index(tmp_path, a="apples", b="blueberries", d="dates") == (1, 1, 1, 1)
    assert [_found(tmp_path, word) for word in ("apples", "bananas", "blueberries", "cherries", "dates")] == [["a"], [], ["b"], [], ["d"]]


def test_a_document_that_fails_is_named_and_its_old_text_is_not_kept(tmp_path: Path) -> None:
    _index(tmp_path, a="apples", b="bananas")
    report = index_entries(_entries(a="fail", b="bananas"), read, "c", tmp_path)
    assert report.failed == ["a: told to fail"]
    assert report.documents == 1
    assert _found(tmp_path, "apples") == []


def test_an_open_reader_keeps_what_it_opened_and_a_new_one_sees_the_new(tmp_path: Path) -> None:
    _index(tmp_path, a="apples")
    old = Corpus.open(tmp_path, "c")
    assert old.search("apples")
    _index(tmp_path, a="pears")
    assert old.search("apples")
    assert _found(tmp_path, "pears") == ["a"]
    old.close()


def test_an_index_that_fails_half_way_leaves_the_old_one_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _index(tmp_path, a="apples")

    def crash(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(index_module, "_publish", crash)
    with pytest.raises(OSError, match="disk full"):
        _index(tmp_path, a="pears")
    assert _found(tmp_path, "apples") == ["a"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [".c.lock", "c.sqlite"]


def test_indexers_at_once_do_not_spoil_it(tmp_path: Path) -> None:
    texts = [{f"p{n}": f"text{n} common" for n in range(size)} for size in (3, 5, 7, 9)]
    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(lambda each: _index(tmp_path, **each), texts, timeout=PATIENCE))
    assert len(_found(tmp_path, "common")) in (3, 5, 7, 9)
    with sqlite3.connect(tmp_path / "c.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_corpus_of_another_version_or_a_broken_one_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _index(tmp_path, a="apples")
    monkeypatch.setattr(index_module, "EXTRACTOR_VERSION", 999)
    assert _index(tmp_path, a="apples") == (1, 0, 0, 0)
    (tmp_path / "c.sqlite").write_bytes(b"no database" * 100)
    assert _index(tmp_path, a="apples") == (1, 0, 0, 0)


def test_many_documents_are_read_by_processes_with_the_same_result(tmp_path: Path) -> None:
    texts = {f"p{number}": f"word{number}" for number in range(45)}
    seen: list[tuple[int, int, str]] = []
    report = index_entries(_entries(**texts), read, "c", tmp_path, progress=lambda done, total, path: seen.append((done, total, path)))
    assert (report.added, len(seen), seen[-1]) == (45, 45, (45, 45, "p44"))
    assert _found(tmp_path, "word31") == ["p31"]


def test_a_bad_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        index_entries([], read, "../x", tmp_path / "new")
    assert not (tmp_path / "new").exists()
