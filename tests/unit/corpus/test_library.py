from __future__ import annotations

from pathlib import Path

import pytest

from synapse.corpus.folder import index_folder
from synapse.corpus.library import Library
from synapse.errors import InvalidInput, NotFound


def _write(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / name / "a.txt").write_text(text)
    index_folder(tmp_path / name, name, tmp_path / "corpora")


def test_a_corpus_indexed_again_is_seen_without_a_restart(tmp_path: Path) -> None:
    library = Library(tmp_path / "corpora")
    assert library.names() == []
    _write(tmp_path, "one", "apples")
    assert library.corpus("one").search("apples")
    _write(tmp_path, "one", "pears")
    assert library.corpus("one").search("pears")
    assert library.document("corpus://one/a.txt").text == "pears"
    library.close()


def test_a_corpus_that_is_broken_is_named_and_the_others_are_searched(tmp_path: Path) -> None:
    _write(tmp_path, "one", "apples")
    (tmp_path / "corpora" / "bad.sqlite").write_bytes(b"x" * 500)
    library = Library(tmp_path / "corpora")
    found, failed = library.search("apples", 5)
    assert [source.url for source in found] == ["corpus://one/a.txt"]
    assert len(failed) == 1
    assert failed[0].startswith("corpus bad:")
    library.close()


@pytest.mark.parametrize("url", ["corpus://absent/a", "corpus://../a", "corpus://one/absent", "corpus://..%2fone/a", "corpus://one\x00/a"])
def test_a_url_into_nothing_is_not_found(tmp_path: Path, url: str) -> None:
    _write(tmp_path, "one", "apples")
    library = Library(tmp_path / "corpora")
    with pytest.raises(NotFound):
        library.document(url)
    library.close()


def test_a_corpus_that_was_removed_is_gone(tmp_path: Path) -> None:
    _write(tmp_path, "one", "apples")
    library = Library(tmp_path / "corpora")
    library.corpus("one")
    (tmp_path / "corpora" / "one.sqlite").unlink()
    with pytest.raises(NotFound):
        library.corpus("one")
    with pytest.raises(InvalidInput):
        library.corpus("../one")
    library.close()
