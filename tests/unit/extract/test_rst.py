from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.extract.blocks import Blocks
from synapse.extract.rst import inline, read_rst


def _blocks(source: str) -> list[str]:
    blocks = Blocks()
    read_rst(source, blocks)
    return blocks.text.split("\n\n") if blocks.text else []


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("``a_b * c``", "a_b * c"),
        (":class:`~celery.app.Task`", "Task"),
        (":meth:`run`", "run"),
        ("`Site <http://x.test>`_", "Site"),
        (":ref:`the guide <guide>`", "the guide"),
        ("*one* and **two**", "one and two"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("|version|", "version"),
        (":class:`_orm.Session`", "Session"),
        (":class:`.Query`", "Query"),
        (":py:func:`!print`", "print"),
        ("a\\ b", "ab"),
    ],
)
def test_inline_markup_leaves_its_words(markup: str, words: str) -> None:
    assert inline(markup) == words


def test_sections_paragraphs_lists_and_code() -> None:
    source = (
        "=====\nTitle\n=====\n\nSome text\nin two lines.\n\nPart\n----\n\n* one\n* two\n  goes on\n\n"
        "Like this::\n\n    x = 1\n\n        y = 2\n\nAfter.\n"
    )
    blocks = Blocks()
    read_rst(source, blocks)
    assert blocks.text.split("\n\n") == [
        "Title",
        "Some text in two lines.",
        "Part",
        "one",
        "two goes on",
        "Like this:",
        "    x = 1\n        y = 2",
        "After.",
    ]
    assert [(heading.text, heading.level) for heading in blocks.headings] == [("Title", 1), ("Part", 2)]


def test_directives_keep_prose_and_objects_and_lose_machinery() -> None:
    source = (
        ".. _target:\n.. module:: x\n   :synopsis: y\n\n.. note::\n\n   Take care.\n\n"
        ".. versionadded:: 3.9\n   The thing.\n\n.. function:: f(a)\n\n"
        "   Does it.\n\n.. code-block:: python\n   :linenos:\n\n   z = 1\n\n"
        ".. image:: a.png\n   :alt: gone\n\n.. comment\n   gone too\n\nEnd."
    )
    text = "\n".join(_blocks(source))
    for kept in ("Take care.", "Added in version 3.9", "The thing.", "f(a)", "Does it.", "    z = 1", "End."):
        assert kept in text
    for lost in ("gone", "target", "linenos", "synopsis"):
        assert lost not in text


def test_fields_become_sentences_of_their_own() -> None:
    source = ":param int limit: at most so many.\n:return: the rest\n:raises ValueError: when empty\n"
    assert _blocks(source) == ["limit: at most so many.", "Returns: the rest", "Raises ValueError: when empty"]


def test_a_role_at_the_beginning_of_a_line_is_no_field() -> None:
    assert _blocks("Uses either\n:func:`~a.b` or\n:func:`c`.") == ["Uses either b or c."]


def test_tables_become_rows_and_doctests_code() -> None:
    assert _blocks("+---+---+\n| a | b |\n+---+---+\n") == ["a | b"]
    assert _blocks("==== ====\nname type\n==== ====\n") == ["name type"]
    assert _blocks(">>> f(1)\n2\n") == ["    >>> f(1)\n    2"]


@given(st.text(alphabet=" \n:.*`=-|+>a1_\\", max_size=200))
def test_any_text_is_read_to_its_end(source: str) -> None:
    _blocks(source)
