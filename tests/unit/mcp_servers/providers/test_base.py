from __future__ import annotations

from synapse.contracts.evidence import Source
from synapse.mcp_servers.providers.base import fused, same_page


def _list(provider: str, *urls: str) -> list[Source]:
    return [Source(url=url, title=f"{provider} {url}", provider=provider, score=9.0 - at) for at, url in enumerate(urls)]


def test_what_two_providers_know_comes_before_what_one_ranks_first() -> None:
    result = fused([_list("a", "http://x/1", "http://x/both"), _list("b", "http://x/2", "https://x/both#part")], 10)
    assert result[0].url == "http://x/both"
    assert {source.url for source in result[1:]} == {"http://x/1", "http://x/2"}
    assert result[0].score > result[1].score


def test_a_single_list_keeps_its_order_and_its_scores() -> None:
    only = _list("a", "u1", "u2", "u3")
    assert fused([[], only], 2) == only[:2]


def test_nothing_fuses_to_nothing() -> None:
    assert fused([], 5) == fused([[], []], 5) == []


def test_spellings_of_one_page_have_one_key() -> None:
    assert same_page("http://x.test/a/#b") == same_page("https://x.test/a")
    assert same_page("corpus://a/b") != same_page("corpus://a/c")
