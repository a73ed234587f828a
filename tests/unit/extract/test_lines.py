from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from synapse.extract.blocks import Blocks
from synapse.extract.lines import Line, reflow


def _set(*texts: str, page: int = 1, left: float = 72, right: float = 500, top: float = 700, height: float = 12) -> list[Line]:
    return [Line(page, text, left, right, top - 14 * row, height) for row, text in enumerate(texts)]


def _text(lines: Sequence[Line], pages: int = 1) -> tuple[str, tuple[int, ...]]:
    blocks = Blocks()
    starts = reflow(lines, pages, blocks)
    return blocks.text, starts


def test_lines_of_a_paragraph_are_joined_and_a_gap_begins_another() -> None:
    lines = [*_set("The sea rises", "and falls."), *_set("Twice a day", "it does so.", top=640)]
    assert _text(lines)[0] == "The sea rises and falls.\n\nTwice a day it does so."


def test_an_indent_begins_a_paragraph_and_the_lines_of_a_list_item_hang_below_its_mark() -> None:
    indented = [*_set("The sea rises", "and falls."), *_set("Twice a day", left=90, top=672), *_set("it does so.", top=658)]
    assert _text(indented)[0] == "The sea rises and falls.\n\nTwice a day it does so."
    listed = [
        *_set("• ebb and", left=72),
        *_set("flow;", left=90, top=686),
        *_set("• springs", left=72, top=672),
        *_set("and neaps.", left=90, top=658),
    ]
    assert _text(listed)[0] == "• ebb and flow;\n\n• springs and neaps."


def test_a_word_broken_at_the_end_of_a_line_is_whole_again() -> None:
    assert _text(_set("The gravi-", "tation pulls."))[0] == "The gravitation pulls."
    assert _text(_set("The ELE-", "MENT is null."))[0] == "The ELEMENT is null."


def test_a_hyphen_stays_where_the_word_has_one_elsewhere_or_no_letter_follows() -> None:
    assert _text(_set("A well-known fact is a well-", "known fact."))[0] == "A well-known fact is a well-known fact."
    assert _text(_set("In 2019 the Sino-", "Japanese trade grew."))[0] == "In 2019 the Sino-Japanese trade grew."


def test_a_paragraph_runs_on_over_the_end_of_a_page_and_the_page_starts_within_it() -> None:
    text, starts = _text([*_set("The sea rises and", top=60), *_set("falls twice a day.", page=2)], 2)
    assert text == "The sea rises and falls twice a day."
    assert [text[start:][:5] for start in starts] == ["The s", "falls"]
    text, starts = _text([*_set("The gravi-", top=60), *_set("tation pulls.", page=2)], 2)
    assert (text, starts) == ("The gravitation pulls.", (0, 9))


def test_a_sentence_that_ended_does_not_run_on() -> None:
    assert _text([*_set("It falls.", top=60), *_set("Then it rises.", page=2)], 2)[0] == "It falls.\n\nThen it rises."


def test_running_headers_and_footers_are_dropped_also_where_left_and_right_pages_take_turns() -> None:
    lines: list[Line] = []
    for page in range(1, 9):
        lines += _set("The Book" if page % 2 else "The Chapter", page=page, top=800)
        lines += _set(f"Fact {'abcdefgh'[page - 1]} is stated here.", page=page, top=500)
        lines += _set(str(page), page=page, top=30)
    text, _ = _text(lines, 8)
    assert "Book" not in text
    assert "Chapter" not in text
    assert text.count("is stated here.") == 8
    assert not any(char.isdigit() for char in text)


def test_a_line_in_the_middle_of_pages_is_no_furniture_however_often_it_is_there() -> None:
    lines = [line for page in range(1, 5) for line in [*_set("Top", page=page, top=800), *_set("Signed.", page=page, top=400)]]
    lines += [line for page in range(1, 5) for line in _set(str(page), page=page, top=30)]
    assert _text(sorted(lines, key=lambda line: line.page), 4)[0].count("Signed.") == 4


def test_larger_type_is_a_heading_by_its_size_and_a_table_of_contents_is_none() -> None:
    blocks = Blocks()
    lines = [
        *_set("Tides", height=24, top=760),
        *_set("1 Ebb", height=16, top=720),
        *_set("1 Ebb . . . . . . . 3", height=16, top=690),
        *_set("The sea falls and this is most of the text on the page.", top=650),
    ]
    reflow(lines, 1, blocks)
    assert [(heading.level, heading.text) for heading in blocks.headings] == [(1, "Tides"), (2, "1 Ebb")]


def test_nothing_gives_nothing() -> None:
    assert _text([], 3) == ("", (0, 0, 0))


@given(
    st.lists(
        st.builds(
            Line,
            page=st.integers(1, 4),
            text=st.text(max_size=30),
            left=st.floats(0, 600),
            right=st.floats(0, 600),
            base=st.floats(0, 800),
            height=st.floats(1, 40),
        ),
        max_size=30,
    )
)
def test_page_starts_rise_and_lie_within_the_text_whatever_the_lines_are(lines: list[Line]) -> None:
    text, starts = _text(sorted(lines, key=lambda line: line.page), 4)
    assert len(starts) == 4
    assert starts[0] == 0
    assert list(starts) == sorted(starts)
    assert starts[-1] <= len(text)
