from __future__ import annotations

import pytest

from synapse.errors import Permanent
from synapse.extract.document import extract, media_type_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.HTML", "text/html"),
        ("a.md", "text/markdown"),
        ("x/a.rst", "text/x-rst"),
        ("a.rst.txt", "text/x-rst"),
        ("a.txt", "text/plain"),
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
    ("data", "media_type"), [(b"x", "application/pdf"), (b"%PDF-1.7", "text/html"), (b"a\x00b", "text/plain"), (b"x", "image/svg+xml")]
)
def test_what_is_no_document_is_permanent(data: bytes, media_type: str) -> None:
    with pytest.raises(Permanent):
        extract(data, media_type)


def test_a_name_helps_where_the_type_says_nothing() -> None:
    assert extract(b"# T\n\nx", "text/plain", name="readme.md").headings[0].text == "T"
