from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.tools.repair import mended, plain, spoken

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>`"), max_size=30)
OBJECTS = st.dictionaries(
    st.text("abc", min_size=1, max_size=3), TEXTS | st.integers() | st.lists(TEXTS, max_size=3), min_size=1, max_size=4
)


def repaired(said: str) -> dict[str, Any]:
    value = plain(said)
    return mended(said) if value is None else value


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ("{'a': 'it'}", {"a": "it"}),
        ('{"a": "x", "b": ["y"', {"a": "x", "b": ["y"]}),
        ('{"a": "cut o', {"a": "cut o"}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}', {"a": 1}),
        ('Such as {this}? No:\n```json\n{"a": 1}\n```', {"a": 1}),
        ('[{"a": 1}]', {"a": 1}),
        ('<think>{"a": 0}</think>{"a": 1}', {"a": 1}),
        ('{"a": 0}</think>\n{"a": 1}', {"a": 1}),
        ('{"a": "with ``` inside"}', {"a": "with ``` inside"}),
        ('{"a": 1} and that is all', {"a": 1}),
    ],
)
def test_what_was_meant_is_read(said: str, meant: dict[str, object]) -> None:
    assert repaired(said) == meant


@pytest.mark.parametrize(("said", "slips"), [('{"a": 1} I hope', False), ('```\n{"a": 1}', False), ('{"a": 1,}', True), ("{'a': 1}", True)])
def test_whether_there_were_slips_is_known(said: str, slips: bool) -> None:
    assert (plain(said) is None) is slips


@pytest.mark.parametrize("said", ["", "no", "[1, 2]", "<think>{", "{", "null", "```json\n```"])
def test_what_is_no_object_is_refused_with_a_reason(said: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        repaired(said)


def test_an_endless_nesting_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        repaired('{"a":' * 100_000)


@pytest.mark.parametrize(
    ("said", "left"),
    [("<think>a</think> b", "b"), ("<THINK>a\n</think>b", "b"), ("<think>a", ""), ("a</think>b", "b"), ("no thought", "no thought")],
)
def test_thoughts_are_not_spoken(said: str, left: str) -> None:
    assert spoken(said) == left


@given(OBJECTS)
def test_correct_json_is_never_changed(value: dict[str, object]) -> None:
    assert plain(f"```json\n{json.dumps(value)}\n```") == value
    assert plain(json.dumps(value)) == value


@given(st.text(max_size=60))
def test_it_gives_an_object_or_says_that_there_is_none(said: str) -> None:
    try:
        made = repaired(said)
    except ValueError:
        return
    assert isinstance(made, dict)
