from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from pydantic import SecretStr

from synapse.errors import InvalidInput, Permanent
from synapse.mcp_servers.providers.brave import BraveProvider
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

KEY = SecretStr("brave-secret")
ANSWER = {
    "type": "search",
    "query": {"original": "cats"},
    "web": {
        "type": "search",
        "results": [
            {
                "title": "How <strong>cats</strong> sleep",
                "url": "https://example.org/cats",
                "description": "They &#x27;nap&#x27; a lot",
                "page_age": "2025-11-02T08:00:00",
                "age": "3 weeks ago",
            },
            {"title": "No", "url": "javascript:alert(1)", "description": "no"},
            {"title": "Old", "url": "http://example.net/", "page_age": 7},
        ],
    },
}


def _make(url: str, seconds: float = 10.0) -> BraveProvider:
    return BraveProvider(url, KEY, seconds=seconds)


async def test_pages_come_with_title_description_and_date() -> None:
    async with serving(as_json(ANSWER)) as site:
        found, failed = await _make(site.url).search("how do cats sleep", 30)
    assert [(source.url, source.title, source.snippet, source.published) for source in found] == [
        ("https://example.org/cats", "How cats sleep", "They 'nap' a lot", "2025-11-02"),
        ("http://example.net/", "Old", "", None),
    ]
    assert failed == []
    (asked,) = site.asked
    assert (asked.path, asked.params["q"], asked.params["count"]) == ("/res/v1/web/search", "how do cats sleep", "20")


async def test_its_key_goes_into_a_header_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    header = ("x-subscription-token", "brave-secret")
    await assert_key_goes_nowhere_else(_make, as_json(ANSWER), header, "brave-secret", caplog)


def test_a_key_that_no_header_can_hold_is_refused_without_being_repeated() -> None:
    for key in ("brave-secret\r\nx: y", "", "sécret"):
        with pytest.raises(InvalidInput, match="SYNAPSE_BRAVE_KEY") as caught:
            BraveProvider("https://api.example", SecretStr(key))
        assert "secret" not in str(caught.value)


async def test_a_long_question_is_cut_to_what_is_taken() -> None:
    async with serving(as_json(ANSWER)) as site:
        await _make(site.url).search("word " * 100, 5)
        await _make(site.url).search("w" * 900, 5)
    assert [len(asked.params["q"].split()) for asked in site.asked] == [50, 1]
    assert len(site.asked[1].params["q"]) == 400


async def test_no_web_in_the_answer_is_nothing_found_and_another_type_is_permanent() -> None:
    async with serving(as_json({"type": "search"})) as site:
        assert await _make(site.url).search("cats", 5) == ([], [])
    for web in (["x"], "x", {"results": {"a": 1}}):
        async with serving(as_json({"web": web})) as site:
            with pytest.raises(Permanent):
                await _make(site.url).search("cats", 5)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_answer_is_a_named_failure(bad: Bad) -> None:
    await assert_named_failure(_make, bad)


@given(shapes("web", "results", "title", "url", "description", "page_age"))
def test_no_shape_breaks_it(shape: Any) -> None:
    hit = {"url": "https://a.org", "title": shape, "description": shape, "page_age": shape}
    for answer in (shape, {"web": {"results": shape}}, {"web": {"results": [shape, hit]}}):
        answered(lambda wire: BraveProvider("https://api.example", KEY, transport=wire), answer)
