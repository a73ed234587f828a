from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from synapse.contracts.evidence import Page
from synapse.corpus.folder import index_folder
from synapse.corpus.library import Library
from synapse.errors import NotFound, Permanent, Transient
from synapse.mcp_servers.browsing import AT_ONCE, Browser
from synapse.mcp_servers.reading import Reader
from synapse.mcp_servers.snapshots import Snapshots


class Site:
    """Stands for the reader: every URL is a page, unless it says what it is."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int | None]] = []
        self.under_way = self.most = 0

    async def read(self, url: str, report: Any = None, *, max_bytes: int | None = None) -> Page:
        self.asked.append((url, max_bytes))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        self.under_way -= 1
        if "refused" in url:
            raise Permanent("this address may not be fetched")
        if "busy" in url:
            raise Transient("the server is busy")
        if "broken" in url:
            raise RuntimeError("secret detail")
        return Page(url=url, final_url=url + "#final", text=f"Text of {url}. " * 10, fetched_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def browser(tmp_path: Path, site: Site) -> Browser:
    return Browser(Library(tmp_path / "corpora"), cast(Reader, site), Snapshots(tmp_path / "snapshots", 1_000_000))


async def _ignore(done: int, total: int) -> None:
    return None


async def test_a_page_comes_with_what_vouches_for_it_and_can_be_read_again(browser: Browser, site: Site) -> None:
    page = await browser.read("http://a.example/", max_bytes=500)
    assert page.trust == "untrusted web content"
    assert page.sha256 == hashlib.sha256(page.text.encode()).hexdigest()
    assert browser.snapshots.get(str(page.snapshot_id)) == page
    assert site.asked == [("http://a.example/", 500)]


async def test_a_document_of_a_corpus_is_the_operators_and_needs_no_network(tmp_path: Path, browser: Browser, site: Site) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\nCats sleep most of the day.")
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    page = await browser.read("corpus://animals/cats.md")
    again = await browser.read("corpus://animals/cats.md")
    assert (page.trust, page.snapshot_id, site.asked) == ("local corpus", again.snapshot_id, [])
    with pytest.raises(NotFound):
        await browser.read("corpus://plants/rose.md")


async def test_text_that_is_no_unicode_is_kept_and_hashed_as_it_is_sent(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(*_: Any, **__: Any) -> Page:
        return Page(url="u", final_url="u", title="\udc00", text="a\ud800b", fetched_at=datetime(2026, 1, 1, tzinfo=UTC))

    monkeypatch.setattr(site, "read", read)
    page = await browser.read("http://a.example/")
    assert (page.text, page.title, page.sha256) == ("a?b", "?", hashlib.sha256(b"a?b").hexdigest())
    assert page.snapshot_id is not None


async def test_each_of_many_has_its_own_outcome_in_the_order_of_the_urls(browser: Browser) -> None:
    urls = ["http://a.example/", "http://refused.example/", "http://busy.example/", "http://broken.example/", "http://b.example/"]
    outcomes = (await browser.read_many(urls, 15, _ignore)).outcomes
    assert [outcome.url for outcome in outcomes] == urls
    assert [(outcome.error.code, outcome.error.retryable) if outcome.error else None for outcome in outcomes] == [
        None, ("permanent", False), ("transient", True), ("internal", True), None,
    ]  # fmt: skip
    assert "secret" not in outcomes[3].model_dump_json()
    first = outcomes[0].page
    assert first is not None
    assert (first.text, first.next_offset) == ("Text of http://", 15)
    assert browser.snapshots.part(str(first.snapshot_id), 15, 9).text == "a.example"


async def test_many_are_read_a_few_at_a_time_and_one_given_twice_once(browser: Browser, site: Site) -> None:
    told: list[tuple[int, int]] = []

    async def report(done: int, total: int) -> None:
        told.append((done, total))

    urls = [f"http://{number}.example/" for number in range(18)] + ["http://3.example/"] * 2
    outcomes = (await browser.read_many(urls, 100, report)).outcomes
    assert len(outcomes) == 20
    assert outcomes[-1] == outcomes[3]
    assert (len(site.asked), site.most) == (18, AT_ONCE)
    assert told == [(number, 18) for number in range(1, 19)]


async def test_a_caller_that_goes_away_takes_all_its_pages_with_it(browser: Browser, site: Site) -> None:
    task = asyncio.create_task(browser.read_many([f"http://{number}.example/" for number in range(20)], 100, _ignore))
    while not site.asked:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(site.asked) <= AT_ONCE
