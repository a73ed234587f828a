from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.errors import Permanent
from synapse.extract.docx import is_docx, read_docx
from tests.unit.extract.papers import docx, paragraph

STYLES = (
    '<w:style w:styleId="T"><w:name w:val="Title"/></w:style><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Own"><w:name w:val="Own"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
)
CORE = (
    "<dc:title>Report on tides</dc:title><dc:creator>Jane Doe; John Roe</dc:creator><dc:language>en-GB</dc:language>"
    "<dcterms:created>2024-05-06T07:08:09Z</dcterms:created>"
)


def test_paragraphs_and_headings_come_in_order() -> None:
    body = paragraph("Tides", "T") + paragraph("Ebb", "H1") + paragraph("Far out", "Own") + paragraph("The sea falls & goes.")
    document = read_docx(docx(body, styles=STYLES))
    assert document.text == "Tides\n\nEbb\n\nFar out\n\nThe sea falls & goes."
    assert [(heading.level, heading.text) for heading in document.headings] == [(1, "Tides"), (1, "Ebb"), (2, "Far out")]
    assert (document.title, document.pages) == ("Tides", ())


def test_what_it_says_of_itself_is_told() -> None:
    document = read_docx(docx(paragraph("x"), core=CORE))
    told = (document.title, document.authors, document.published, document.language)
    assert told == ("Report on tides", ("Jane Doe", "John Roe"), "2024-05-06", "en")


def test_a_title_that_a_program_filled_in_gives_way_to_a_heading_and_then_to_the_files_name() -> None:
    untitled = "<dc:title>Microsoft Word - x.doc</dc:title>"
    assert read_docx(docx(paragraph("Ebb", "H1") + paragraph("x"), styles=STYLES, core=untitled), "tides.docx").title == "Ebb"
    assert read_docx(docx(paragraph("x"), core=untitled), "tides.docx").title == "tides.docx"


def test_a_table_is_a_paragraph_a_row_and_one_of_prose_is_its_paragraphs() -> None:
    def row(*cells: str) -> str:
        return "<w:tbl><w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr></w:tbl>"

    assert read_docx(docx(row(paragraph("High"), paragraph("6 m")))).text == "High | 6 m"
    assert read_docx(docx(row(paragraph("One.") + paragraph("Two."), paragraph("Three.")))).text == "One.\n\nTwo.\n\nThree."
    assert read_docx(docx(row(paragraph("a"), row(paragraph("b"), paragraph("c")) + paragraph("")))).text == "a | b | c"


def test_what_was_deleted_or_hidden_or_is_there_twice_is_left_out() -> None:
    def run(text: str, properties: str = "") -> str:
        return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"

    body = (
        f"<w:p>{run('Seen')}<w:del>{run('deleted')}</w:del>{run('hidden', '<w:vanish/>')}{run(' too', '<w:vanish w:val=&quot;0&quot;/>')}"
        f"<w:r><w:tab/><w:t>twice</w:t></w:r><x:Fallback xmlns:x='x'>{run('twice')}</x:Fallback></w:p>"
    ).replace("&quot;", '"')
    assert read_docx(docx(body)).text == "Seen too twice"


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    read = zipfile.ZipExtFile.read

    def counted(part: zipfile.ZipExtFile, *size: Any) -> bytes:
        data = read(part, *size)
        unpacked.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    bomb = docx("", more={"word/document.xml": b"<w:document xmlns:w='w'>" + b" " * 61_000_000})
    assert len(bomb) < 200_000
    with pytest.raises(Permanent, match="60 MB"):
        read_docx(bomb)
    assert 0 < sum(unpacked) < 1_000_000


def test_a_bomb_that_lies_about_its_size_is_refused_too() -> None:
    body = b"<w:document xmlns:w='w'>" + b" " * 61_000_000
    bomb = docx("", more={"word/document.xml": body})
    lying = bomb.replace(len(body).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(Permanent):
        read_docx(lying)


def test_entities_are_refused_with_the_document_type_that_declares_them() -> None:
    for declared in ('<!ENTITY a "boom">', '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % a SYSTEM "http://localhost/"> %a;'):
        with pytest.raises(Permanent, match="document type"):
            read_docx(docx("<w:p><w:r><w:t>&a;</w:t></w:r></w:p>", prolog=f"<!DOCTYPE w [{declared}]>"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04", "cannot be unpacked"),
        (docx(paragraph("x"))[:-40], "cannot be unpacked"),
        (docx("<w:p>"), "XML cannot be read"),
        (docx(paragraph(" ")), "no text"),
        (docx(paragraph("x"), more={f"word/{number}": b"" for number in range(5_000)}), "parts"),
        (docx("<w:p>" + f"<w:r><w:t>{'word ' * 2_000}</w:t></w:r>" * 600 + "</w:p>"), "characters"),
    ],
    ids=["no archive", "cut off", "broken", "empty", "many parts", "huge paragraph"],
)
def test_what_cannot_be_read_is_permanent_and_says_why(data: bytes, why: str) -> None:
    with pytest.raises(Permanent, match=why):
        read_docx(data)


def test_the_clock_is_looked_at() -> None:
    with pytest.raises(Permanent, match="too long"):
        read_docx(docx(paragraph("x")), seconds=-1)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_package_that_no_office_program_would_pack_is_permanent(method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as package:
        package.writestr("word/document.xml", "<w:document xmlns:w='w'/>")
    with pytest.raises(Permanent, match="packed"):
        read_docx(packed.getvalue())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, 200))
def test_a_package_with_bytes_flipped_or_cut_off_is_read_or_permanent_and_nothing_else(flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(docx(paragraph("Text of a letter. " * 40)))
    for at, value in flips:
        data[at % len(data)] = value
    broken = bytes(data[: len(data) - cut])
    is_docx(broken)
    with suppress(Permanent):
        read_docx(broken)


def test_an_encrypted_part_is_permanent() -> None:
    locked = bytearray(docx(paragraph("x")))
    at = locked.rfind(b"PK\x01\x02")  # the last entry of the directory, the document's own
    locked[at + 8] |= 1
    with pytest.raises(Permanent, match="encrypted"):
        read_docx(bytes(locked))


def test_only_a_package_with_a_document_is_one() -> None:
    assert is_docx(docx(paragraph("x")))
    assert not is_docx(b"PK\x03\x04 and nothing more")
    assert not is_docx(b"<html>")
