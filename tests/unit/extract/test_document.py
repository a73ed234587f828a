from __future__ import annotations

import pytest

from synapse.errors import Permanent
from synapse.extract.document import DOCX, extract, is_paper, media_type_of
from tests.unit.extract.papers import docx, paragraph, pdf

PAPER = pdf([[(72, 700, 10, "The sea rises.")]])
LETTER = docx(paragraph("The sea falls."))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.HTML", "text/html"),
        ("a.md", "text/markdown"),
        ("x/a.rst", "text/x-rst"),
        ("a.rst.txt", "text/x-rst"),
        ("a.txt", "text/plain"),
        ("a.PDF", "application/pdf"),
        ("a.docx", DOCX),
        ("a.png", None),
        ("Makefile", None),
    ],
)
def test_the_kind_is_known_by_the_name(name: str, kind: str | None) -> None:
    assert media_type_of(name) == kind


@pytest.mark.parametrize(
    ("source", "media_type"),
    [
        (b"# Title\n\nFirst.\n\nSecond.", "text/markdown; charset=utf-8"),
        (b"Title\n=====\n\nFirst.\n\nSecond.", "text/x-rst"),
        (b"Title\n\nFirst.\n\nSecond.", "text/plain"),
        (b"<html><title>Title</title><body><h1>Title</h1><p>First.<p>Second.", "text/html"),
        (b"<!DOCTYPE html><html><body><h1>Title</h1><p>First.<p>Second.", "text/plain"),
    ],
)
def test_every_kind_gives_paragraphs_apart_and_a_title(source: bytes, media_type: str) -> None:
    document = extract(source, media_type)
    assert (document.title, document.text) == ("Title", "Title\n\nFirst.\n\nSecond.")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"x", "application/pdf"),
        (b"x", DOCX),
        (b"%PDF-1.7", "text/html"),
        (b"PK\x03\x04", DOCX),
        (b"a\x00b", "text/plain"),
        (b"x", "image/svg+xml"),
        (b"x", "application/octet-stream"),
    ],
)
def test_what_is_no_document_is_permanent(data: bytes, media_type: str) -> None:
    with pytest.raises(Permanent):
        extract(data, media_type)


def test_a_name_helps_where_the_type_says_nothing() -> None:
    assert extract(b"# T\n\nx", "text/plain", name="readme.md").headings[0].text == "T"


@pytest.mark.parametrize("declared", ["application/pdf", "application/octet-stream", "text/html", DOCX, "", "image/png"])
def test_what_the_bytes_are_counts_for_more_than_what_the_sender_or_the_address_says(declared: str) -> None:
    paper = extract(PAPER, declared, url="https://example.org/tides.html")
    assert (paper.text, paper.media_type, paper.title, paper.pages) == ("The sea rises.", "application/pdf", "tides.html", (0,))
    letter = extract(LETTER, declared, url="https://example.org/tides.pdf")
    assert (letter.text, letter.media_type) == ("The sea falls.", DOCX)


def test_an_address_that_ends_like_a_pdf_may_be_a_page() -> None:
    page = extract(b"<html><body><h1>Tides</h1><p>The sea rises.", "text/html", url="https://example.org/tides.pdf")
    assert page.text == "Tides\n\nThe sea rises."
    with pytest.raises(Permanent, match="no PDF"):
        extract(b"<html><body>Log in first", "application/pdf", url="https://example.org/tides.pdf")


def test_a_page_without_a_title_of_its_own_has_its_first_headings() -> None:
    assert extract(b"<html><title>Untitled Document</title><body><h3>Tides</h3><p>The sea rises.", "text/html").title == "Tides"


def test_papers_are_told_from_text() -> None:
    assert is_paper(PAPER)
    assert is_paper(LETTER)
    assert not is_paper(b"a\x00b")
