from __future__ import annotations

import os
from pathlib import Path

import pytest

from synapse.corpus.folder import index_folder
from synapse.corpus.index import IndexReport
from synapse.corpus.store import Corpus
from synapse.errors import InvalidInput
from tests.unit.extract.papers import docx, paragraph, pdf


def _index(tmp_path: Path) -> tuple[IndexReport, list[str]]:
    report = index_folder(tmp_path / "docs", "c", tmp_path / "corpora")
    corpus = Corpus.open(tmp_path / "corpora", "c")
    paths = corpus.paths()
    corpus.close()
    return report, paths


@pytest.fixture(autouse=True)
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.md").write_text("# A\n\nText of a.")
    (folder / "b.txt").write_text("Text of b.")
    return folder


def test_all_kinds_of_documents_below_the_folder_are_taken(tmp_path: Path, docs: Path) -> None:
    (docs / "c.html").write_text("<html><body><p>Text of c.</p></body></html>")
    (docs / "d.rst").write_text("D\n=\n\nText of d.")
    (docs / "image.png").write_bytes(b"\x89PNG\x00")
    (docs / ".hidden.md").write_text("hidden")
    report, paths = _index(tmp_path)
    assert paths == ["b.txt", "c.html", "d.rst", "sub/a.md"]
    assert (report.added, report.skipped, report.failed) == (4, [], [])


def test_links_out_of_the_folder_are_not_followed_and_are_told(tmp_path: Path, docs: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (docs / "leaf.md").symlink_to(outside / "secret.md")
    (docs / "dangling.md").symlink_to(outside / "nothing.md")
    (docs / "way").symlink_to(outside)
    (docs / "loop").symlink_to(docs)
    (docs / "inner.md").symlink_to("b.txt")
    report, paths = _index(tmp_path)
    assert paths == ["b.txt", "inner.md", "sub/a.md"]
    assert sorted(report.skipped) == [
        "dangling.md: a link out of the folder", "leaf.md: a link out of the folder", "way: a link out of the folder",
    ]  # fmt: skip


def test_what_cannot_be_read_is_told_and_does_not_stop_the_rest(tmp_path: Path, docs: Path) -> None:
    (docs / "binary.txt").write_bytes(b"a\x00b")
    (docs / "pdf.html").write_bytes(b"%PDF-1.7")
    (docs / "empty.md").write_text("  \n")
    os.mkfifo(docs / "fifo.txt")
    report, paths = _index(tmp_path)
    assert paths == ["b.txt", "sub/a.md"]
    assert sorted(report.skipped) == ["binary.txt: binary", "fifo.txt: not a regular file"]
    assert sorted(report.failed) == ["empty.md: no text in it", "pdf.html: the PDF is broken or cut off: it cannot be opened"]


def test_papers_are_taken_with_their_pages_and_those_that_cannot_be_read_are_named_with_the_reason(tmp_path: Path, docs: Path) -> None:
    (docs / "tides.pdf").write_bytes(pdf([[(72, 700, 10, "The sea rises.")], [(72, 700, 10, "The sea falls.")]], {"Author": "A. Tide"}))
    (docs / "letter.docx").write_bytes(docx(paragraph("The sea is wide.")))
    (docs / "misnamed.txt").write_bytes(pdf([[(72, 700, 10, "A PDF all the same.")]]))
    (docs / "cut off.pdf").write_bytes(pdf([[(72, 700, 10, "x")]])[:300])
    (docs / "scan.pdf").write_bytes(pdf([[]]))
    (docs / "none.pdf").write_bytes(b"")
    (docs / "broken.docx").write_bytes(b"PK\x03\x04\x00")
    report, paths = _index(tmp_path)
    assert paths == ["b.txt", "letter.docx", "misnamed.txt", "sub/a.md", "tides.pdf"]
    assert report.skipped == []
    assert sorted(report.failed) == [
        "broken.docx: the document is no DOCX, or is broken, whatever its type says",
        "cut off.pdf: the PDF is broken or cut off: it cannot be opened",
        "none.pdf: the document is no PDF, whatever its type says",
        "scan.pdf: the PDF has no text on its only page",
    ]
    corpus = Corpus.open(tmp_path / "corpora", "c")
    tides, misnamed = corpus.document("tides.pdf"), corpus.document("misnamed.txt")
    assert [tides.text[start:][:14] for start in tides.pages] == ["The sea rises.", "The sea falls."]
    assert (tides.authors, tides.title, misnamed.media_type) == (("A. Tide",), "tides.pdf", "application/pdf")
    corpus.close()


def test_generated_listings_and_copies_of_sources_are_passed_over(tmp_path: Path, docs: Path) -> None:
    (docs / "genindex.html").write_text("<html><body>index</body></html>")
    (docs / "objects.inv").write_bytes(b"inv")
    (docs / "_sources").mkdir()
    (docs / "_sources" / "a.rst.txt").write_text("source")
    assert _index(tmp_path)[1] == ["b.txt", "sub/a.md"]


def test_indexing_again_finds_nothing_to_do(tmp_path: Path) -> None:
    _index(tmp_path)
    report, _ = _index(tmp_path)
    assert (report.added, report.updated, report.removed, report.unchanged) == (0, 0, 0, 2)


def test_a_source_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        index_folder(tmp_path / "absent", "c", tmp_path / "corpora")


def test_what_runs_have_filed_is_passed_over_and_told(tmp_path: Path, docs: Path) -> None:
    run = docs / "reports" / "run-1"
    (run / "more").mkdir(parents=True)
    (run / "report.md").write_text("# Tides\n\nSomebody rewrote every line of it.")
    (run / "more" / "deeper.md").write_text("Deeper.")
    (run / "manifest.json").write_text('{"run": "run-1", "files": {"report.json": {}}}')
    (docs / "notes.md").write_text('# Tides\n\nTides rise.\n\n[synapse-report]: # "Written by Synapse."\n')
    report, paths = _index(tmp_path)
    assert paths == ["b.txt", "sub/a.md"]
    assert report.skipped == ["reports/run-1: a report that Synapse wrote: it is no source for another"]
    assert report.failed == ["notes.md: a report that Synapse wrote: it is no source for another"]


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{", '{"files": {"report.json": {}}}', '{"run": "x", "files": ["report.json"]}', "[" * 9999]
)
def test_a_manifest_of_something_else_hides_nothing(manifest: str, tmp_path: Path, docs: Path) -> None:
    (docs / "manifest.json").write_text(manifest)
    assert _index(tmp_path)[1] == ["b.txt", "sub/a.md"]
