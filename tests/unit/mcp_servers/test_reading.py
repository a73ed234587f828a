from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from synapse.egress.urls import UrlPolicy
from synapse.errors import Permanent, StepError
from synapse.extract.apart import Apart, Here
from synapse.extract.blocks import Extracted
from synapse.mcp_servers.fetch import Fetcher
from synapse.mcp_servers.reading import Reader, reader_of
from synapse.settings import McpServerSettings
from tests.unit.extract.papers import pdf
from tests.unit.mcp_servers.test_fetch import Names, _answers, _page
from tests.waiting import PATIENCE

ARTICLE = "<html lang=en><head><title>On cats</title></head><body><article><h1>On cats</h1>" + "".join(
    f"<p>Paragraph {number} tells at some length what cats do all day, which is mostly sleeping in warm places.</p>" for number in range(6)
)


class Told:
    def __init__(self) -> None:
        self.reports: list[tuple[str, float]] = []

    async def __call__(self, phase: str, percent: float) -> None:
        self.reports.append((phase, percent))


def _reader(response: httpx.Response) -> Reader:
    wire = _answers(response)
    return Reader(Fetcher(UrlPolicy(), 100_000, PATIENCE, resolver=Names(), make_transport=lambda _: wire))


async def test_a_page_of_the_web_comes_as_text_and_progress_only_rises() -> None:
    told = Told()
    page = await _reader(_page(ARTICLE.encode())).read("http://example.com/cats", told)
    assert page.title == "On cats"
    assert "Paragraph 3 tells" in page.text
    assert "\n\n" in page.text
    done = [percent for _, percent in told.reports]
    assert done == sorted(done)
    assert [phase for phase, _ in told.reports] == ["resolve", "robots", "bytes", "parse"]
    assert done[-1] < 100.0


async def test_a_page_without_text_or_of_another_kind_is_permanent() -> None:
    with pytest.raises(Permanent, match="no readable text"):
        await _reader(_page(b"<html><body></body></html>")).read("http://example.com/")
    binary = _page(b"\x7fELF \x00", **{"content-type": "text/plain"})
    with pytest.raises(Permanent, match="not text"):
        await _reader(binary).read("http://example.com/")


async def test_a_pdf_of_the_web_comes_with_its_pages_whatever_it_is_called() -> None:
    paper = pdf([[(72, 700, 10, "Cats sleep.")], [(72, 700, 10, "Dogs bark.")]], {"Title": "On cats", "Author": "A. Cat"}, language="en")
    response = _page(paper, **{"content-type": "application/octet-stream"})
    page = await _reader(response).read("http://example.com/cats.html")
    assert (page.title, page.authors, page.language, page.media_type) == ("On cats", ("A. Cat",), "en", "application/pdf")
    assert [page.text[start:][:4] for start in page.pages] == ["Cats", "Dogs"]


async def test_a_caller_may_lower_the_limit_of_bytes_and_not_raise_it() -> None:
    body = b"<p>" + b"cats sleep " * 1_000
    with pytest.raises(Permanent, match="larger than 5000 bytes"):
        await _reader(_page(body)).read("http://example.com/", max_bytes=5_000)
    with pytest.raises(Permanent, match="larger than 100000 bytes"):
        await _reader(_page(body * 20)).read("http://example.com/", max_bytes=10**9)


async def test_the_servers_reader_parses_in_processes_that_are_limited_as_the_settings_say(tmp_path: Path) -> None:
    settings = McpServerSettings(fetch_readers=3, fetch_reader_seconds=4.0, fetch_reader_bytes=50_000_000)
    reader = reader_of(settings, tmp_path)
    assert isinstance(reader.readers, Apart)
    assert (reader.readers.at_once, reader.readers.seconds, reader.readers.memory) == (3, 4.0, 50_000_000)
    await reader.aclose()


class Counting(Here):
    warmed = closed = read = 0

    async def extract(self, data: bytes, media_type: str, *, charset: str | None = None, url: str | None = None) -> Extracted:
        self.read += 1
        return await super().extract(data, media_type, charset=charset, url=url)

    def warm(self) -> None:
        self.warmed += 1

    def close(self) -> None:
        self.closed += 1


async def test_readers_are_loaded_while_the_first_page_is_on_its_way_and_for_no_address_that_is_refused() -> None:
    wire, readers = _answers(_page(ARTICLE.encode())), Counting()
    reader = Reader(Fetcher(UrlPolicy(), 100_000, PATIENCE, resolver=Names(["10.0.0.1"]), make_transport=lambda _: wire), readers=readers)
    with pytest.raises(StepError):
        await reader.read("http://inside.example/")
    assert readers.warmed == 0
    reader = Reader(Fetcher(UrlPolicy(), 100_000, PATIENCE, resolver=Names(), make_transport=lambda _: wire), readers=readers)
    await reader.read("http://example.com/")
    assert readers.warmed == 1
    await reader.aclose()
    assert readers.closed == 1


async def test_the_same_bytes_from_the_same_address_are_parsed_once() -> None:
    other = ARTICLE.replace("Paragraph 3", "Paragraph x").encode()
    wire, readers = _answers(_page(ARTICLE.encode()), _page(ARTICLE.encode()), _page(other), _page(other)), Counting()
    reader = Reader(Fetcher(UrlPolicy(), 100_000, PATIENCE, resolver=Names(), make_transport=lambda _: wire), readers=readers)
    first, second, changed = [await reader.read("http://example.com/") for _ in range(3)]
    assert readers.read == 2
    assert first.text == second.text
    assert "Paragraph x tells" in changed.text
    assert (await reader.read("http://example.org/")).final_url == "http://example.org/"
    assert readers.read == 3
