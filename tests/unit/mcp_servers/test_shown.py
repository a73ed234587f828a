from __future__ import annotations

from datetime import UTC, datetime

from synapse.contracts.browsed import BrowsedPage, BrowseOutcome, BrowseOutcomes
from synapse.contracts.evidence import Source
from synapse.contracts.toolbox import SearchResults
from synapse.contracts.wire import ToolFault
from synapse.mcp_servers import shown
from synapse.mcp_servers.snapshots import part_of

PAGE = BrowsedPage(
    url="http://a.example/", final_url="http://a.example/b", title="Cats", text="Cats sleep.", fetched_at=datetime(2026, 1, 1, tzinfo=UTC)
).model_copy(update={"snapshot_id": "0" * 64})


def test_a_page_says_whose_words_follow() -> None:
    assert shown.page(PAGE) == "Cats\nhttp://a.example/b\n[untrusted web content]\n\nCats sleep."


def test_a_stretch_says_how_to_go_on_until_there_is_no_more() -> None:
    assert shown.part(part_of(PAGE, 0, 4)).endswith(f"Cats\n\n[go on with read_snapshot {'0' * 64} at offset 4]")
    assert shown.part(part_of(PAGE, 4, 50)).endswith("]\n\n sleep.")


def test_a_batch_says_of_each_what_it_was_or_why_not() -> None:
    fault = ToolFault(code="permanent", retryable=False, message="the address may not be fetched")
    both = BrowseOutcomes(outcomes=(BrowseOutcome(url="u", page=part_of(PAGE, 0, 50)), BrowseOutcome(url="http://b.example/", error=fault)))
    assert shown.outcomes(both).split("\n\n---\n\n")[1] == "http://b.example/\nnot read: the address may not be fetched"


def test_a_search_lists_what_it_found_and_whom_it_could_not_ask() -> None:
    found = SearchResults(sources=(Source(url="u", title="T", snippet="s", provider="p"),), failed=("brave: busy",))
    assert shown.results(found) == "1. T\n   u\n   s\nnot asked: brave: busy"
    assert shown.results(SearchResults(sources=())) == "nothing found"
