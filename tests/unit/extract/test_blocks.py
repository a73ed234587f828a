from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.extract.blocks import Blocks, tidy


@given(st.lists(st.tuples(st.sampled_from(["heading", "paragraph", "code"]), st.text(max_size=60)), max_size=20))
def test_headings_stand_where_their_offset_says_and_blocks_are_apart(parts: list[tuple[str, str]]) -> None:
    blocks, outer = Blocks(), Blocks()
    for kind, text in parts:
        blocks.heading(text, 2) if kind == "heading" else getattr(blocks, kind)(text)
    outer.paragraph("before")
    outer.extend(blocks, shallowest=4)
    for each in (blocks, outer):
        for heading in each.headings:
            assert each.text[heading.offset : heading.offset + len(heading.text)] == heading.text
        assert "\n\n\n" not in each.text
        assert each.text == each.text.strip("\n")
    assert all(heading.level >= 4 for heading in outer.headings)


def test_what_no_reader_sees_is_taken_out() -> None:
    assert tidy(" a\u200bb\u202ec\u00ad \x00 d\U000e0041\n e ") == "abc d e"


def test_code_keeps_its_shape_and_is_marked_by_four_spaces() -> None:
    blocks = Blocks()
    blocks.code("\n    def f():\n\n        return 1\n")
    assert blocks.text == "    def f():\n        return 1"
