from __future__ import annotations

from pathlib import Path

import pytest

from synapse.cli import indexing
from synapse.service.corpora import Indexed


@pytest.mark.parametrize(("folder", "name"), [("Python Docs", "python-docs"), ("a_b.c", "a_b.c"), ("…", "corpus"), ("x" * 80, "x" * 64)])
def test_a_corpus_is_named_after_its_folder(folder: str, name: str) -> None:
    assert indexing.name_of(Path("/somewhere") / folder) == name


def test_what_was_done_is_said_in_words() -> None:
    indexed = Indexed(name="n", documents=1200, added=1, updated=0, removed=2, unchanged=1199, seconds=61.5)
    assert indexing.summary(indexed) == "1,200 documents (1 new, 2 removed, 1,199 unchanged) in 1 min 01 s"


@pytest.mark.usefixtures("nowhere")
def test_what_could_not_be_read_is_told_a_few_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\nThis can be read.\n")
    for number in range(7):
        (folder / f"bad{number}.txt").write_bytes(b"\x00\x01\x02" * 100)
    assert indexing.index(folder).documents == 1
    told = capsys.readouterr().err
    assert told.count("not indexed: bad") == 5
    assert "not indexed: 2 more" in told
