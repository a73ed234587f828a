from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.errors import Permanent
from synapse.state.text import dumps

TRICKY = st.text(st.sampled_from(["\\", "u", "0", "\x00", "\ud800", "\udfff", "a", '"', "é", "🙂"]), max_size=30)


@given(st.dictionaries(TRICKY, TRICKY | st.lists(TRICKY, max_size=3), max_size=3))
def test_any_text_is_read_back_with_nothing_changed_but_what_cannot_be_kept(value: dict[str, str | list[str]]) -> None:
    def kept(text: str) -> str:
        return "".join("\ufffd" if each == "\x00" or "\ud800" <= each <= "\udfff" else each for each in text)

    expected = {kept(key): kept(each) if isinstance(each, str) else [kept(one) for one in each] for key, each in value.items()}
    text = dumps(value)
    assert json.loads(text) == expected
    assert json.loads(text.encode()) == expected


@pytest.mark.parametrize("value", [{"x": float("nan")}, {"x": [float("inf")]}, {"x": object()}, {"x": {1, 2}}])
def test_what_is_no_json_is_refused_for_good(value: dict[str, object]) -> None:
    with pytest.raises(Permanent, match="cannot be kept as JSON"):
        dumps(value)
