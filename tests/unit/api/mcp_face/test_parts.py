from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.api.mcp_face.parts import offset, parts, piece, section
from synapse.errors import InvalidInput, NotFound

TEXT = "# Title\n\nFirst.\n\n## Answer\n\n- One.\n- Two.\n\n### Detail\n\n## Sources\n\nA page."


def test_sections_follow_each_other_without_a_gap() -> None:
    found = parts(TEXT)
    assert [part.heading for part in found] == ["Title", "Answer", "Sources"]
    assert "".join(TEXT[part.start : part.end] for part in found) == TEXT


def test_a_section_is_found_whatever_its_case() -> None:
    start, end = section(TEXT, " ANSWER ")
    assert TEXT[start:end] == "## Answer\n\n- One.\n- Two.\n\n### Detail\n\n"
    assert section(TEXT, None) == (0, len(TEXT))
    with pytest.raises(NotFound) as caught:
        section(TEXT, "Conclusion")
    assert caught.value.remedy == "one of: Title; Answer; Sources"


@given(st.text(alphabet="ab\n", max_size=200), st.integers(min_value=1, max_value=50))
def test_pieces_are_the_text_again_and_none_is_too_long_or_empty(text: str, most: int) -> None:
    at, found = 0, []
    while at < len(text):
        said, at = piece(text, at, len(text), most)
        assert 0 < len(said) <= most
        found.append(said)
    assert "".join(found) == text


def test_a_piece_ends_behind_a_line() -> None:
    assert piece("one\ntwo\nthree", 0, 13, 10) == ("one\ntwo\n", 8)


@pytest.mark.parametrize("cursor", ["", "-1", "x", "4", "20", "9" * 13, "１２"])
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        offset(cursor, 5, 20)
    assert caught.value.field == "cursor"
    assert (offset(None, 5, 20), offset("5", 5, 20), offset("19", 5, 20)) == (5, 5, 19)
