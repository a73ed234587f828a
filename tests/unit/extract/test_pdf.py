from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synapse.errors import Permanent
from synapse.extract import pdf as module
from synapse.extract import pdfium
from synapse.extract.pdf import authors_of, is_pdf, iso_date, language_of, read_pdf
from tests.unit.extract.papers import Line, paragraphs, pdf

FRUITS = "Apples Berries Cherries Dates".split()  # noqa: SIM905 - they read better so


def _book() -> bytes:
    pages: list[list[Line]] = []
    for number, fruit in enumerate(FRUITS, start=1):
        running = [(72.0, 800.0, 9.0, "Annual Report of the Institute"), (300.0, 30.0, 9.0, f"Page {number} of 4")]
        text = (f"{fruit} are eaten in the morn-|ing by people who like them.", f"Of {fruit} there is also well-|known jam.")
        pages.append([*running, *([(72.0, 770.0, 20.0, "A Book of Fruit")] if number == 1 else []), *paragraphs(*text, top=700)])
    return pdf(pages, {"Title": "Microsoft Word - fruit.doc", "Author": "A. Author; B. Writer", "CreationDate": "D:20240131120000Z"})


def test_a_book_is_its_paragraphs_without_running_headers_and_knows_its_pages() -> None:
    book = read_pdf(_book(), "fruit.pdf")
    assert book.text.split("\n\n")[:3] == [
        "A Book of Fruit",
        "Apples are eaten in the morning by people who like them.",
        "Of Apples there is also wellknown jam.",
    ]
    assert "Annual Report" not in book.text
    assert "Page" not in book.text
    assert [book.text[start:].split(" ")[0] for start in book.pages] == ["A", "Berries", "Cherries", "Dates"]
    assert [heading.text for heading in book.headings] == ["A Book of Fruit"]


def test_what_it_says_of_itself_is_told_but_not_a_title_that_a_program_filled_in() -> None:
    book = read_pdf(_book(), "fruit.pdf")
    assert (book.title, book.authors, book.published) == ("A Book of Fruit", ("A. Author", "B. Writer"), "2024-01-31")
    assert book.media_type == "application/pdf"
    plain = read_pdf(pdf([[(72, 700, 10, "Only text.")]], {"Title": "untitled"}, language="de-AT"), "paper.pdf")
    assert (plain.title, plain.language, plain.published, plain.authors) == ("paper.pdf", "de", None, ())


def test_pages_without_text_start_where_the_next_one_does() -> None:
    assert read_pdf(pdf([[], [(72, 700, 10, "One.")], [], [(72, 700, 10, "Two.")], []])).pages == (0, 0, 6, 6, 10)


@pytest.mark.parametrize("data", [b"%PDF-1.7", _book()[:400], pdf([[]] * 10_000), pdf([[]])], ids=["magic", "cut off", "long", "empty"])
def test_what_cannot_be_read_is_permanent(data: bytes) -> None:
    with pytest.raises(Permanent, match="the PDF"):
        read_pdf(data)


def test_a_huge_paragraph_is_cut_and_read() -> None:
    lines: list[Line] = [(72.0, 800 - 2.4 * row, 2.0, "word " * 60) for row in range(300)]
    text = read_pdf(pdf([lines])).text
    assert text.count("word") == 300 * 60
    assert max(map(len, text.split("\n\n"))) < 30_000


def test_a_reader_that_takes_too_long_or_dies_is_permanent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"within 0\.001 seconds"):
        read_pdf(_book(), seconds=0.001)
    run = subprocess.run

    def dying(command: list[str], **options: Any) -> Any:
        return run([sys.executable, "-c", "import os; os.abort()"], **options)

    monkeypatch.setattr(module.subprocess, "run", dying)
    with pytest.raises(Permanent, match="gave up"):
        read_pdf(_book())


def test_the_reader_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_API_TOKEN", "secret")
    seen: dict[str, Any] = {}

    def noted(command: list[str], **options: Any) -> Any:
        seen.update(options["env"])
        raise OSError(2, "nothing there")

    monkeypatch.setattr(module.subprocess, "run", noted)
    with pytest.raises(Permanent, match="does not start"):
        read_pdf(_book())
    assert "PATH" in seen
    assert "SYNAPSE_API_TOKEN" not in seen


def test_no_pdf_no_library() -> None:
    code = "import sys, synapse.extract.document; print([name for name in sys.modules if 'pypdfium' in name])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_bytes_before_the_mark_are_borne_only_where_a_pdf_is_declared() -> None:
    assert is_pdf(b"\n %PDF-1.4")
    assert is_pdf(b"junk\n%PDF-1.4", declared=True)
    assert not is_pdf(b"<p>A file that begins with %PDF-1.4</p>")
    assert not is_pdf(b" " * 2000 + b"%PDF-1.4", declared=True)


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("D:20240131120000+01'00'", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31"),
        ("D:2024", "2024-01-01"),
        ("D:20241399", None),
        ("D:00010101", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_iso_or_none(stated: str, date: str | None) -> None:
    assert iso_date(stated) == date


def test_authors_are_apart_and_no_placeholders_and_a_language_is_a_code() -> None:
    assert authors_of("Doe, Jane; John Roe and A. N. Other") == ("Doe, Jane", "John Roe", "A. N. Other")
    assert authors_of("Administrator") == authors_of(" ; ") == ()
    assert [language_of(stated) for stated in ("en-GB", "DE", "english", "")] == ["en", "de", None, None]


def test_in_a_process_that_is_limited_already_a_pdf_is_read_without_another(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read_pdf(_book(), "fruit.pdf")
    monkeypatch.setattr(module, "_limited", False)
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    module.read_in_this_process()
    assert read_pdf(_book(), "fruit.pdf") == expected
    with pytest.raises(Permanent, match="broken or cut off"):
        read_pdf(b"%PDF-1.7 nothing else")

    def odd(*_: object) -> None:
        raise RuntimeError("what the library says")

    monkeypatch.setattr(pdfium, "read", odd)
    with pytest.raises(Permanent, match=r"its reader gave up on it$"):
        read_pdf(_book())

    def large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(pdfium, "read", large)
    with pytest.raises(Permanent, match="memory"):
        read_pdf(_book())
