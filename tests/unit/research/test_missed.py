from __future__ import annotations

from synapse.contracts.evidence import Skipped
from synapse.research.missed import missed


def skipped(item: object, message: str = "the page has no readable text") -> Skipped:
    return Skipped.model_validate({"index": 1, "step": "read[1]", "error": {"code": "permanent", "message": message}, "item": item})


def test_a_page_is_named_by_title_and_address() -> None:
    (found,) = missed([], [], [skipped({"url": "https://a.org/x", "title": "About X"})])
    assert found.what == "About X — https://a.org/x"
    assert found.reason == "the page has no readable text"


def test_a_search_is_named_by_its_question() -> None:
    (found,) = missed([], [skipped({"id": "q1", "text": "What is X?", "query": "X"}, "timed out")], [])
    assert (found.what, found.reason) == ("Search “What is X?”", "timed out")


def test_a_provider_is_named_with_its_reason() -> None:
    (found,) = missed(["searxng: connection refused"], [], [])
    assert (found.what, found.reason) == ("Search provider searxng", "connection refused")


def test_the_code_stands_in_for_a_missing_message() -> None:
    (found,) = missed([], [], [skipped({"url": "https://a.org/x"}, "")])
    assert found.reason == "permanent"


def test_what_cannot_be_named_is_still_counted_and_what_is_too_long_is_cut() -> None:
    found = missed([], [], [skipped(None), skipped({"url": "https://a.org/" + "x" * 1000})])
    assert found[0].what == "unknown"
    assert len(found[1].what) <= 300


def test_the_same_failure_is_named_once() -> None:
    assert len(missed(["a: down", "a: down"], [], [])) == 1
