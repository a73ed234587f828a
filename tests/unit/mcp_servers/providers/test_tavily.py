from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import SecretStr

from synapse.errors import InvalidInput, Permanent
from synapse.mcp_servers.providers.tavily import TavilyProvider
from tests.unit.mcp_servers.providers.loopback import (
    BAD,
    Bad,
    answered,
    as_json,
    assert_key_goes_nowhere_else,
    assert_named_failure,
    serving,
    shapes,
)

KEY = SecretStr("tvly-secret")
ANSWER = {
    "query": "cats",
    "answer": None,
    "results": [
        {"title": "Cats", "url": "https://example.org/cats", "content": "Cats <br> nap", "score": 0.98, "raw_content": None},
        {
            "title": "News",
            "url": "https://example.org/news",
            "content": "x",
            "score": "high",
            "published_date": "Tue, 10 Dec 2024 09:10:35 GMT",
        },
        {"title": "No", "url": "javascript:alert(1)", "content": "no", "score": 1},
    ],
    "response_time": 1.2,
}


def _make(url: str, seconds: float = 10.0) -> TavilyProvider:
    return TavilyProvider(url, KEY, seconds=seconds)


async def test_pages_come_with_title_content_score_and_date() -> None:
    async with serving(as_json(ANSWER)) as site:
        found, failed = await _make(site.url).search("how do cats sleep", 30)
    assert [(source.url, source.title, source.snippet, source.score, source.published) for source in found] == [
        ("https://example.org/cats", "Cats", "Cats nap", 0.98, None),
        ("https://example.org/news", "News", "x", 0.0, "2024-12-10"),
    ]
    assert failed == []
    (asked,) = site.asked
    body = json.loads(asked.body)
    assert (asked.method, asked.target, body["query"], body["max_results"]) == ("POST", "/search", "how do cats sleep", 20)
    assert body["include_answer"] is False


async def test_its_key_goes_into_a_header_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    header = ("authorization", "Bearer tvly-secret")
    await assert_key_goes_nowhere_else(_make, as_json(ANSWER), header, "tvly-secret", caplog)


def test_a_key_that_no_header_can_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="SYNAPSE_TAVILY_KEY"):
        TavilyProvider("https://api.example", SecretStr("  "))


@pytest.mark.parametrize("results", [{"a": 1}, "x", 7])
async def test_results_of_another_type_are_permanent(results: Any) -> None:
    async with serving(as_json({"results": results})) as site:
        with pytest.raises(Permanent, match="list of results"):
            await _make(site.url).search("cats", 5)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_answer_is_a_named_failure(bad: Bad) -> None:
    await assert_named_failure(_make, bad)


@given(shapes("results", "title", "url", "content", "score", "published_date"))
def test_no_shape_breaks_it(shape: Any) -> None:
    hit = {"url": "https://a.org", "title": shape, "content": shape, "score": shape, "published_date": shape}
    for answer in (shape, {"results": shape}, {"results": [shape, hit]}):
        answered(lambda wire: TavilyProvider("https://api.example", KEY, transport=wire), answer)
