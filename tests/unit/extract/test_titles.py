from __future__ import annotations

import pytest

from synapse.extract.blocks import Heading
from synapse.extract.titles import is_title, name_of, title_of


@pytest.mark.parametrize(
    "filled_in",
    ["", "untitled", "Untitled 2", "Microsoft Word - x.doc", "Microsoft Word - Final report v2", "report_final.docx", "Document1",
     "slide 1", "PowerPoint Presentation", "C0 file.pdf", "file:///home/x/report.html", "null", "- 12 -", "Unbenannt"],
)  # fmt: skip
def test_what_a_program_filled_in_is_no_title(filled_in: str) -> None:
    assert not is_title(filled_in)
    assert title_of(filled_in, (), "name.pdf") == "name.pdf"


@pytest.mark.parametrize(
    "given", ["Tides", "The Word of God", "Excel at cooking", "Documentation", "Document structure", "None of the above", "1984: a novel"]
)
def test_what_a_person_wrote_is_one(given: str) -> None:
    assert title_of(f" {given} ", (Heading(0, 1, "Another"),), "name.pdf") == given


def test_the_first_heading_of_the_highest_level_stands_in() -> None:
    headings = (Heading(0, 2, "Preface"), Heading(9, 1, "Untitled"), Heading(20, 1, "Tides"), Heading(40, 1, "Moons"))
    assert title_of("untitled", headings, "name.pdf") == "Tides"


def test_a_files_name_is_the_last_part_of_its_path_or_address() -> None:
    assert name_of("https://example.org/a/Tide%20tables.pdf?x=1#p") == "Tide tables.pdf"
    assert name_of("papers/tides.pdf") == "tides.pdf"
    assert name_of("https://[") == ""
