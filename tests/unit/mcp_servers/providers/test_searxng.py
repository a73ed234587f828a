from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given

from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.searxng import SearxngProvider
from tests.unit.mcp_servers.providers.loopback import BAD, Bad, answered, as_json, assert_named_failure, serving, shapes


def _provider(answer: Callable[[httpx.Request], httpx.Response]) -> SearxngProvider:
    return SearxngProvider("http://searx.internal:8080/base/", transport=httpx.MockTransport(answer))


def _json(value: Any) -> SearxngProvider:
    return _provider(lambda _: httpx.Response(200, json=value))


async def test_results_become_sources_without_markup_and_without_odd_addresses() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        hits = [
            {"url": "https://example.com/a", "title": "A <b>title</b>", "content": "some\u200b  words", "score": 2.5, "engine": "x"},
            {"url": "javascript:alert(1)", "title": "no"},
            {"url": "http://u:p@example.com/", "title": "no"},
            {"title": "no url"},
            "nonsense",
            {"url": "https://example.com/b", "title": None, "content": None},
        ]
        return httpx.Response(200, json={"results": hits})

    found, failed = await _provider(answer).search("what is it", 10)
    assert [(source.url, source.title, source.snippet) for source in found] == [
        ("https://example.com/a", "A title", "some words"),
        ("https://example.com/b", "", ""),
    ]
    assert failed == []
    assert asked[0].url.path == "/base/search"
    assert dict(asked[0].url.params) == {"q": "what is it", "format": "json", "safesearch": "1"}


async def test_engines_that_did_not_answer_are_told_when_nothing_was_found() -> None:
    found, failed = await _json({"results": [], "unresponsive_engines": [["bing", "timeout"]]}).search("q", 5)
    assert (found, failed) == ([], ["searxng bing: timeout"])


@pytest.mark.parametrize(("status", "kind"), [(403, Permanent), (404, Permanent), (302, Permanent), (429, Transient), (500, Transient)])
async def test_a_bad_status_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=str(status)):
        await _provider(lambda _: httpx.Response(status, headers={"location": "http://10.0.0.1/"})).search("q", 5)


async def test_an_answer_that_is_not_what_was_asked_for_is_permanent() -> None:
    for response in (httpx.Response(200, text="<html>"), httpx.Response(200, json=[1]), httpx.Response(200, content=b"x" * 4_100_000)):
        with pytest.raises(Permanent):
            await _provider(lambda _, response=response: response).search("q", 5)  # type: ignore[misc]


async def test_no_connection_is_transient_and_shows_in_its_state() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Transient):
        await _provider(refuse).search("q", 5)
    assert await _provider(refuse).state() is not None
    assert await _json({}).state() is None


async def test_dates_are_kept_and_a_score_of_another_type_is_none() -> None:
    hit = {"url": "https://example.com/a", "title": "A", "score": "2", "publishedDate": "2025-03-04T00:00:00"}
    async with serving(as_json({"results": [hit]})) as site:
        found, _ = await SearxngProvider(site.url + "/base").search("q", 5)
    assert (found[0].published, found[0].score) == ("2025-03-04", 0.0)
    assert site.asked[0].path == "/base/search"


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_answer_is_a_named_failure(bad: Bad) -> None:
    await assert_named_failure(SearxngProvider, bad)


@given(shapes("results", "url", "title", "content", "score", "publishedDate", "unresponsive_engines"))
def test_no_shape_breaks_it(shape: Any) -> None:
    hit = {"url": "https://a.org", "title": shape, "content": shape, "score": shape, "publishedDate": shape}
    for answer in (shape, {"results": shape, "unresponsive_engines": shape}, {"results": [shape, hit]}):
        answered(lambda wire: SearxngProvider("http://searx.internal", transport=wire), answer)
