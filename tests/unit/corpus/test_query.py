from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from synapse.corpus.query import Term, match_expression, names_of, terms_of, words_of
from synapse.corpus.schema import SCHEMA


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    rows = ["caching of queries", "a cache caches", "the query of queries", "lists"]
    connection.executemany("INSERT INTO search (rowid, title, heading, body) VALUES (?, '', '', ?)", list(enumerate(rows, start=1)))
    yield connection
    connection.close()


def test_a_question_is_reduced_to_what_it_is_about() -> None:
    assert words_of("How does the functools.lru_cache decide what to evict?") == ["functools", "lru", "cache", "decide", "evict"]
    assert words_of("What is a chord, and what's a chord's body?") == ["chord", "chord's", "body"]


def test_a_question_of_nothing_but_stop_words_is_taken_as_it_is() -> None:
    assert words_of("what is it") == ["what", "is", "it"]
    assert words_of("?!") == []


def test_names_of_code_are_recognised() -> None:
    assert names_of("Does acks_late or __init__ or foo.bar_baz matter for X?") == ["acks_late", "bar_baz"]


def test_words_are_stemmed_by_the_index_and_weighted_by_their_rarity(index: sqlite3.Connection) -> None:
    terms = {term.stem: term for term in terms_of(index, "Why are queries cached and evicted?", 4)}
    assert terms.keys() == {"queri", "cach", "evict"}
    assert terms["queri"].rows == 2
    assert terms["evict"].weight > terms["queri"].weight


def test_any_term_may_match_and_quotes_cannot_escape(index: sqlite3.Connection) -> None:
    expression = match_expression(terms_of(index, 'query" OR body:x NEAR(* lists', 4))
    assert {row[0] for row in index.execute("SELECT rowid FROM search WHERE search MATCH ?", (expression,))} == {1, 3, 4}


def test_the_commonest_words_do_not_match_when_rarer_ones_do() -> None:
    terms = [Term("rare", 9, 10), Term("less", 5, 900), Term("common", 2, 2000), Term("everywhere", 1, 9000)]
    assert match_expression(terms) == '"rare" OR "less" OR "common"'
    assert match_expression(terms[3:]) == '"everywhere"'


@pytest.mark.parametrize(
    ("stem", "text", "there"),
    [
        ("cach", "it is caching", True),
        ("queri", "one query", True),
        ("queri", "queries", True),
        ("cach", "tea-cache", True),
        ("age", "the page", False),
        ("age", "ages", True),
        ("age", "agent", False),
        ("age", "age.", True),
        ("dunderslot", "uses __slots__", True),
        ("dunderslot", "slots", False),
    ],
)
def test_a_term_is_found_in_its_written_forms_at_the_beginning_of_words(stem: str, text: str, there: bool) -> None:
    assert Term(stem, 1.0).occurs_in(text) is there


def test_a_name_is_found_only_as_written() -> None:
    name = Term("acks_late", 1.0, name=True)
    assert name.occurs_in("task.acks_late = true")
    assert not name.occurs_in("acks late")
    assert match_expression([name]) == '"acks late"'
