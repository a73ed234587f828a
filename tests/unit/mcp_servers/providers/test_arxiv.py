from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.errors import Permanent, SynapseError
from synapse.mcp_servers.providers.arxiv import PACE, ArxivProvider, _entries
from synapse.mcp_servers.providers.base import Pace
from tests.unit.mcp_servers.providers.loopback import BAD, Bad, assert_named_failure, http, serving

ENTRY = """
  <entry>
    <id>{id}</id><updated>2024-03-02T10:00:00Z</updated><published>2024-02-01T09:00:00Z</published>
    <title>On the sleep
      of cats &amp; dogs</title>
    <summary> We find $a &lt; b$ that cats sleep. </summary>
    <author><name>A. Author</name></author>
    <link href="{id}" rel="alternate" type="text/html"/>
  </entry>"""


def _feed(*entries: str, before: str = "") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<feed xmlns="http://www.w3.org/2005/Atom"><title>q</title>{"".join(entries)}</feed>'
    )
    return http(text.encode(), kind="application/atom+xml; charset=UTF-8")


def _make(url: str, seconds: float = 10.0) -> ArxivProvider:
    return ArxivProvider(url, seconds=seconds)


async def test_papers_come_with_abstract_date_and_a_secure_address() -> None:
    feed = _feed(ENTRY.format(id="http://arxiv.org/abs/2402.00001v1"), ENTRY.format(id="javascript:alert(1)"), "<entry/>")
    async with serving(feed) as site:
        found, failed = await _make(site.url).search("What is the sleep of cats?", 5)
    (source,) = found
    assert (source.url, source.title) == ("https://arxiv.org/abs/2402.00001v1", "On the sleep of cats & dogs")
    assert source.snippet == "We find $a < b$ that cats sleep."
    assert source.published == "2024-02-01"
    assert failed == []
    (asked,) = site.asked
    assert (asked.path, asked.params["sortBy"], asked.params["max_results"]) == ("/api/query", "relevance", "5")
    assert asked.params["search_query"] == 'all:"sleep" OR all:"cats"'


async def test_operators_of_a_question_are_only_words() -> None:
    async with serving(_feed()) as site:
        await _make(site.url).search('cats" OR (ti:dogs) ANDNOT *', 5)
    assert site.asked[0].params["search_query"] == 'all:"cats" OR all:"ti" OR all:"dogs" OR all:"andnot"'


async def test_a_question_without_words_is_not_sent() -> None:
    async with serving(_feed()) as site:
        assert await _make(site.url).search("?!", 5) == ([], [])
    assert site.asked == []


async def test_an_error_told_as_an_entry_is_a_failure() -> None:
    entry = "<entry><id>http://arxiv.org/api/errors#bad</id><title>Error</title><summary>incorrect id</summary></entry>"
    async with serving(_feed(entry)) as site:
        with pytest.raises(Permanent, match="incorrect id"):
            await _make(site.url).search("cats", 5)


async def test_entities_are_neither_expanded_nor_loaded() -> None:
    bomb = '<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    entry = "<entry><id>https://arxiv.org/abs/1</id><title>x&b;&f;</title></entry>"
    async with serving(_feed(entry, before=bomb)) as site:
        found, _ = await _make(site.url).search("cats", 5)
    assert "aaaa" not in found[0].title
    assert "root" not in found[0].title


async def test_one_request_is_under_way_at_a_time() -> None:
    under_way, most, go_on = 0, 0, asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await go_on.wait()
        under_way -= 1
        return httpx.Response(200, content=b'<feed xmlns="http://www.w3.org/2005/Atom"/>')

    provider = ArxivProvider("http://arxiv.example", transport=httpx.MockTransport(answer))
    calls = [asyncio.create_task(provider.search("cats", 5)) for _ in range(3)]
    for _ in range(100):
        await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(*calls) == [([], [])] * 3
    assert most == 1
    assert Pace(per_second=1 / 3, burst=1) == PACE


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_answer_is_a_named_failure(bad: Bad) -> None:
    await assert_named_failure(_make, bad)


@pytest.mark.parametrize("body", [b"<rss/>", b"<feed/>", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"])
async def test_xml_of_another_kind_is_permanent(body: bytes) -> None:
    async with serving(http(body)) as site:
        with pytest.raises(Permanent, match="Atom"):
            await _make(site.url).search("cats", 5)


@given(
    st.lists(st.sampled_from(["<entry>", "</entry>", "<id>", "</id>", "https://a.org", "<!--", "-->", "<title/>", "&amp;", "&x;", "\x00"]))
)
def test_no_feed_breaks_it(parts: list[str]) -> None:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(parts)}</feed>'.encode()
    try:
        entries = _entries(body)
    except SynapseError:
        return
    provider = ArxivProvider("http://127.0.0.1")
    assert all(source is None or source.url.startswith("https://") for source in map(provider._source, entries))
