from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.wikipedia import WikipediaProvider
from tests.unit.mcp_servers.providers.loopback import BAD, Bad, answered, as_json, assert_named_failure, serving, shapes

PAGES = [
    {
        "pageid": 2,
        "ns": 0,
        "title": "Siesta",
        "index": 2,
        "extract": "A siesta is a short nap.",
        "fullurl": "https://en.wikipedia.org/wiki/Siesta",
        "canonicalurl": "https://en.wikipedia.org/wiki/Siesta",
    },
    {
        "pageid": 1,
        "ns": 0,
        "title": "Cat <i>sleep</i>",
        "index": 1,
        "extract": "Cats   sleep\nmost of the day.\u202e",
        "fullurl": "https://en.wikipedia.org/wiki/Cat_sleep",
    },
    {"pageid": 3, "title": "Bad", "index": 3, "fullurl": "javascript:alert(1)"},
    "nonsense",
]


def _make(url: str, seconds: float = 10.0) -> WikipediaProvider:
    return WikipediaProvider(base_url=url, seconds=seconds)


async def test_articles_come_in_the_order_of_the_search_with_their_beginnings() -> None:
    async with serving(as_json({"batchcomplete": True, "query": {"pages": PAGES}})) as site:
        provider = WikipediaProvider(base_url=site.url + "/", contact="me@example.org")
        found, failed = await provider.search("how do cats sleep", 5)
    assert [(source.title, source.url, source.snippet, source.published) for source in found] == [
        ("Cat sleep", "https://en.wikipedia.org/wiki/Cat_sleep", "Cats sleep most of the day.", None),
        ("Siesta", "https://en.wikipedia.org/wiki/Siesta", "A siesta is a short nap.", None),
    ]
    assert failed == []
    (asked,) = site.asked
    assert asked.path == "/w/api.php"
    assert asked.params["gsrsearch"] == "how do cats sleep"
    assert asked.params["gsrlimit"] == "5"
    assert "mailto:me@example.org" in asked.headers["user-agent"]


async def test_nothing_found_is_an_answer() -> None:
    async with serving(as_json({"batchcomplete": True})) as site:
        assert await _make(site.url).search("xyzzy", 5) == ([], [])


async def test_its_language_is_part_of_its_address() -> None:
    assert str(WikipediaProvider("de")._client._base) == "https://de.wikipedia.org"


@pytest.mark.parametrize(("code", "kind"), [("maxlag", Transient), ("cirrussearch-backend-error", Permanent), (None, Permanent)])
async def test_an_error_inside_a_good_answer_is_a_failure(code: str | None, kind: type[Exception]) -> None:
    async with serving(as_json({"error": {"code": code, "info": "<b>secret</b>"}})) as site:
        with pytest.raises(kind, match=code or "without a name"):
            await _make(site.url).search("q", 5)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_answer_is_a_named_failure(bad: Bad) -> None:
    await assert_named_failure(_make, bad)


@pytest.mark.parametrize(
    "answer", [{"query": []}, {"query": "x"}, {"query": {"pages": {"1": {}}}}, {"query": {"pages": 7}}, {"error": 1}, []]
)
async def test_an_answer_of_another_shape_is_permanent(answer: Any) -> None:
    async with serving(as_json(answer)) as site:
        if answer == {"query": []}:
            assert await _make(site.url).search("q", 5) == ([], [])
        else:
            with pytest.raises(Permanent):
                await _make(site.url).search("q", 5)


@given(shapes("query", "pages", "index", "title", "extract", "fullurl", "canonicalurl", "error", "code"))
def test_no_shape_breaks_it(shape: Any) -> None:
    for answer in (shape, {"query": {"pages": [shape, {"fullurl": shape, "title": shape, "index": shape, "extract": shape}]}}):
        answered(lambda wire: WikipediaProvider(transport=wire), answer)
