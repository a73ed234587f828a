from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.cli.text import counted, seconds, short, shown


@given(st.text())
def test_whatever_the_text_is_one_line_without_control_characters_is_shown(text: str) -> None:
    line = shown(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") for char in line)
    assert "\u2028" not in line
    assert shown(line) == line


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_short_text_is_never_longer_than_asked(text: str, width: int) -> None:
    assert len(short(text, width)) <= width


@pytest.mark.parametrize(("count", "said"), [(0, "0 pages"), (1, "1 page"), (1200, "1,200 pages")])
def test_things_are_counted_in_words(count: int, said: str) -> None:
    assert counted(count, "page") == said


@pytest.mark.parametrize(("value", "said"), [(0.4213, "0.42 s"), (12.4, "12 s"), (185, "3 min 05 s")])
def test_times_are_as_exact_as_they_need_be(value: float, said: str) -> None:
    assert seconds(value) == said
