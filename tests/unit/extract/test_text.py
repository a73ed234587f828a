from __future__ import annotations

from synapse.extract.blocks import Blocks
from synapse.extract.text import first_line, read_text


def test_blank_lines_separate_paragraphs_and_indented_ones_are_code() -> None:
    blocks = Blocks()
    read_text("One\r\nline.\r\n \r\nTwo.\n\n    x = 1\n    y = 2\n\n\n\nThree.\fFour.", blocks)
    assert blocks.text.split("\n\n") == ["One line.", "Two.", "    x = 1\n    y = 2", "Three.", "Four."]


def test_a_first_line_is_a_title_only_if_it_is_short() -> None:
    assert first_line("Short\n\nrest") == "Short"
    assert first_line("long " * 50) == ""


def test_underlined_and_marked_lines_are_headings() -> None:
    blocks = Blocks()
    read_text("git-gc(1)\n=========\n\nNAME\n----\ngit-gc - Cleanup files\n\n== Usage\n\nRun it.\n\n--\nno heading\n\na\n======", blocks)
    assert [(heading.text, heading.level) for heading in blocks.headings] == [("git-gc(1)", 1), ("NAME", 2), ("Usage", 2)]
    assert blocks.text.split("\n\n") == ["git-gc(1)", "NAME", "git-gc - Cleanup files", "Usage", "Run it.", "-- no heading", "a ======"]
