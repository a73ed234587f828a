from __future__ import annotations

import json
import subprocess
import sys

import pytest

from synapse.extract import pdfium
from tests.unit.extract.papers import paragraphs, pdf


def test_lines_come_with_their_places_page_by_page() -> None:
    answer = pdfium.read(pdf([[(72, 700, 20, "Tides"), (72, 660, 10, "The sea rises.")], [(72, 700, 10, "And falls.")]]), 10, 1000)
    assert [[line[0] for line in page] for page in answer["pages"]] == [["Tides", "The sea rises."], ["And falls."]]
    (_, left, right, base, height), (_, _, _, lower, smaller) = answer["pages"][0]
    assert left == 72 < right
    assert base > lower
    assert height == pytest.approx(2 * smaller, abs=0.5)


def test_what_the_document_says_of_itself_comes_too() -> None:
    info = pdfium.read(pdf([[(72, 700, 10, "x")]], {"Title": "T", "Author": "A"}, language="en-GB"), 10, 1000)["info"]
    assert (info["Title"], info["Author"], info["Language"]) == ("T", "A", "en-GB")
    assert pdfium.read(pdf([[(72, 700, 10, "x")]]), 10, 1000)["info"] == {"Language": ""}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"%PDF-1.7", "broken or cut off"),
        (pdf([[(72, 700, 10, "x")]])[:300], "broken or cut off"),
        (pdf([[]]), "no text on its only page"),
        (pdf([[], []]), "no text on any of its 2 pages"),
        (pdf([[]] * 11), "11 pages, more than 10"),
        (pdf([paragraphs("word " * 300)]), "more than 1,000 characters"),
        (pdf([[]], more="q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q\n"), "OCR"),
    ],
    ids=["magic only", "cut off", "empty", "empty pages", "too many pages", "too much text", "scanned"],
)
def test_what_gives_no_text_says_why(data: bytes, why: str) -> None:
    with pytest.raises(pdfium.Unreadable, match=why):
        pdfium.read(data, 10, 1000)


def test_the_program_reads_stdin_and_answers_in_json() -> None:
    command = [sys.executable, "-P", pdfium.__file__, "5", "10", "1000"]
    for data, key in ((pdf([[(72, 700, 10, "x")]]), "pages"), (b"%PDF-", "error")):
        ended = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
        assert key in json.loads(ended.stdout), ended.stderr
