from __future__ import annotations

from pathlib import Path
from typing import Any, cast, get_args

import httpx
import pytest
from fastapi import FastAPI
from mcp import Client, MCPError
from pydantic import SecretStr

from synapse.contracts.wire import ERROR
from synapse.corpus.folder import index_folder
from synapse.errors import InvalidInput
from synapse.extract import apart
from synapse.extract.apart import Apart
from synapse.mcp_servers import primary
from synapse.mcp_servers.providers import ddgs
from synapse.mcp_servers.reading import Reader, reader_of
from synapse.settings import McpServerSettings, SearchName, SearchSettings
from tests.unit.mcp_servers.providers.loopback import Asked, as_json, http, serving
from tests.waiting import PATIENCE


async def test_over_mcp_the_tools_have_schemas_hints_and_faults(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\nCats sleep most of the day.")
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    app = primary.create_app(McpServerSettings(), tmp_path)
    server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")
    async with Client(server, mode="2026-07-28") as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        found = await client.call_tool("search_web", {"query": "do cats sleep", "corpus": "animals"})
        read = await client.call_tool("browse_and_extract", {"url": "corpus://animals/cats.md"})
        refused = await client.call_tool("browse_and_extract", {"url": "http://169.254.169.254/"})
        invalid = await client.call_tool("search_web", {"query": "x", "limit": 51})
    assert set(tools) == {"search_web", "search_corpus", "browse_and_extract", "browse_many", "read_snapshot"}
    assert {name for name, tool in tools.items() if tool.annotations and not tool.annotations.open_world_hint} == {
        "search_corpus",
        "read_snapshot",
    }
    assert all(tool.annotations and tool.annotations.read_only_hint and tool.output_schema for tool in tools.values())
    assert found.structured_content is not None
    assert found.structured_content["sources"][0]["url"] == "corpus://animals/cats.md"
    assert read.structured_content is not None
    assert read.structured_content["text"] == "Cats\n\nCats sleep most of the day."
    assert (refused.meta or {})[ERROR]["retryable"] is False
    assert invalid.is_error


async def _called(app: FastAPI, *calls: dict[str, object]) -> list[Any]:
    server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")  # type: ignore[attr-defined]
    async with Client(server, mode="2026-07-28") as client:
        return [await client.call_tool("search_web", call) for call in calls]


def _everybody(url: str) -> SearchSettings:
    return SearchSettings(
        search_providers=get_args(SearchName),
        searxng_url=url,
        wikipedia_url=url,
        arxiv_url=url,
        openalex_url=url,
        brave_url=url,
        brave_key=SecretStr("brave-secret"),
        tavily_url=url,
        tavily_key=SecretStr("tvly-secret"),
    )


async def test_when_a_corpus_is_named_nobody_else_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ddgs, "asked", lambda *_: asked.append("ddgs") or [])
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\nCats sleep most of the day.")
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    async with serving(http(b"{}", 500)) as site:
        app = primary.create_app(McpServerSettings(), tmp_path, _everybody(site.url))
        corpus = {"query": "do cats sleep", "corpus": "animals"}
        found, missing = await _called(app, corpus, {**corpus, "corpus": "plants"})
        assert found.structured_content["sources"][0]["url"] == "corpus://animals/cats.md"
        assert missing.is_error
        assert (site.asked, asked) == ([], [])
        # The same server, asked for everything, does ask them all: the lists above are not empty for another reason.
        (everything,) = await _called(app, {"query": "do cats sleep"})
        assert len(site.asked) == 6
        assert asked == ["ddgs"]
    assert [source["url"] for source in everything.structured_content["sources"]] == ["corpus://animals/cats.md"]
    failed = everything.structured_content["failed"]
    assert sorted(reason.partition(":")[0] for reason in failed) == ["arxiv", "brave", "openalex", "searxng", "tavily", "wikipedia"]
    assert "secret" not in found.model_dump_json() + everything.model_dump_json()


def _answer(asked: Asked) -> bytes:
    hit = {"title": "Cats", "content": "nap", "description": "nap", "url": "https://www.cats.example/nap?utm_source=x"}
    match asked.path:
        case "/w/api.php":
            page = {"index": 1, "title": "Cat", "extract": "A cat.", "canonicalurl": "https://en.wikipedia.org/wiki/Cat"}
            return as_json({"query": {"pages": [page]}})
        case "/api/query":
            entry = "<entry><id>http://arxiv.org/abs/1</id><title>Paper</title></entry>"
            return http(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'.encode(), kind="application/atom+xml")
        case "/works":
            return as_json({"results": [{"display_name": "Work", "doi": "https://doi.org/10.1/1"}]})
        case "/res/v1/web/search":
            return as_json({"web": {"results": [hit]}})
        case _:
            return as_json({"results": [{**hit, "url": "http://cats.example/nap/#x"}]})


async def test_the_answers_of_all_providers_are_one_list_with_every_page_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ddgs, "asked", lambda *_: pytest.fail("the last resort was asked"))
    async with serving(_answer) as site:
        app = primary.create_app(McpServerSettings(), tmp_path, _everybody(site.url))
        (found,) = await _called(app, {"query": "do cats sleep"})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            metrics = (await client.get("/metrics")).text
    sources = found.structured_content["sources"]
    assert [source["url"] for source in sources] == [
        "https://www.cats.example/nap?utm_source=x",
        "https://arxiv.org/abs/1",
        "https://doi.org/10.1/1",
        "https://en.wikipedia.org/wiki/Cat",
    ]
    assert found.structured_content["failed"] == []
    assert 'synapse_mcp_provider_calls_total{outcome="ok",provider="arxiv"} 1.0' in metrics


async def test_readiness_names_providers_and_calls_none_but_the_operators_own(tmp_path: Path) -> None:
    async with serving(http(b"ok")) as site:
        app = primary.create_app(McpServerSettings(), tmp_path, _everybody(site.url))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            ready = await client.get("/readyz")
        assert [asked.path for asked in site.asked] == ["/healthz"]
    assert ready.status_code == 200
    assert ready.json()["dependencies"]["brave"] == {"ok": True, "detail": "is asked"}
    assert ready.json()["dependencies"]["searxng"] == {"ok": True, "detail": "answers"}


def test_a_provider_that_is_listed_without_its_key_stops_the_server_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="SYNAPSE_BRAVE_KEY"):
        primary.create_app(McpServerSettings(), tmp_path, SearchSettings(search_providers=("brave",), brave_key=None))


async def test_a_long_page_is_read_on_by_cursor_and_as_a_resource(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\n" + "Cats sleep most of the day. " * 40)
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    app = primary.create_app(McpServerSettings(), tmp_path)
    server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")
    async with Client(server, mode="2026-07-28") as client:
        templates = (await client.list_resource_templates()).resource_templates
        listed = (await client.list_resources()).resources
        many = await client.call_tool("browse_many", {"urls": ["corpus://animals/cats.md", "corpus://animals/x.md"], "length": 10})
        good, bad = cast(dict[str, Any], many.structured_content)["outcomes"]
        name = good["page"]["snapshot_id"]
        rest = await client.call_tool("read_snapshot", {"snapshot_id": name, "offset": good["page"]["next_offset"], "length": 200_000})
        whole = await client.read_resource(f"snapshot://{name}")
        for refused in ({"urls": []}, {"urls": ["x"] * 21}, {"urls": ["x"], "length": 0}):
            assert (await client.call_tool("browse_many", refused)).is_error
        for absent in ("0" * 64, "../../etc/passwd", "..%2f..%2fetc%2fpasswd"):
            with pytest.raises(MCPError):
                await client.read_resource(f"snapshot://{absent}")
    assert [template.uri_template for template in templates] == ["snapshot://{snapshot_id}"]
    assert listed == []
    assert bad["error"]["code"] == "not-found"
    assert whole.contents[0].text == good["page"]["text"] + cast(dict[str, Any], rest.structured_content)["text"]  # type: ignore[union-attr]


async def test_local_corpora_are_searched_without_anybody_else(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("# Cats\n\nCats sleep most of the day.")
    index_folder(tmp_path / "docs", "animals", tmp_path / "corpora")
    async with serving(http(b"{}", 500)) as site:
        app = primary.create_app(McpServerSettings(), tmp_path, _everybody(site.url))
        server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")
        async with Client(server, mode="2026-07-28") as client:
            found = [await client.call_tool("search_corpus", {"query": "do cats sleep", **more}) for more in ({}, {"corpus": "animals"})]
        assert site.asked == []
    for each in found:
        assert [source["url"] for source in cast(dict[str, Any], each.structured_content)["sources"]] == ["corpus://animals/cats.md"]


async def test_pages_of_the_web_are_parsed_in_a_process_of_their_own_that_ends_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Reader] = []

    def noted(*given: Any) -> Reader:
        made.append(reader_of(*given))
        return made[0]

    def here(*_: object, **__: object) -> None:
        raise AssertionError("a page was parsed in the server's own process")

    monkeypatch.setattr(primary, "reader_of", noted)
    monkeypatch.setattr(apart, "extract", here)
    body = b"<html><head><title>On cats</title></head><body><p>Cats sleep most of the day, in warm places.</p></body></html>"
    async with serving(http(body, kind="text/html")) as site:
        host = site.url.removeprefix("http://").rstrip("/")
        settings = McpServerSettings(fetch_allow_hosts=(host,), fetch_robots="ignore", fetch_timeout_seconds=PATIENCE)
        app = primary.create_app(settings, tmp_path)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=PATIENCE) as client:
                answer = await client.post("/tools/browse_and_extract", json={"url": f"{site.url}/cats"})
            readers = made[0].readers
            assert isinstance(readers, Apart)
            assert readers._nursery is not None
            nursery = readers._nursery
            assert nursery.alive
    assert answer.json()["title"] == "On cats", answer.text
    assert not nursery.alive
