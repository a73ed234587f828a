from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, MCPError

from synapse.contracts.browsed import BrowsedPage
from synapse.mcp_servers import admission, page_resources, primary
from synapse.mcp_servers.snapshots import Snapshots
from synapse.settings import McpServerSettings
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, Issuer

ERAS: list[Any] = ["2026-07-28", "legacy"]


def _kept(home: Path, number: int) -> list[str]:
    store = Snapshots(home / "snapshots", 1_000_000)
    pages = [
        BrowsedPage(url="http://a.example/", final_url=f"http://a.example/{each}", title="T" * 300, text=f"text {each}", fetched_at=_NOON)
        for each in range(number)
    ]
    return sorted(store.put(page).snapshot_id or "" for page in pages)


_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _server(home: Path) -> Any:
    app = primary.create_app(McpServerSettings(), home)
    return next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")  # type: ignore[attr-defined]


@pytest.mark.parametrize("era", ERAS)
async def test_pages_that_were_kept_are_listed_in_pages_and_each_is_read(tmp_path: Path, era: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_resources, "PAGE", 2)
    ids = _kept(tmp_path, 5)
    found, cursor = [], None
    async with Client(_server(tmp_path), mode=era) as client:
        for size in (2, 2, 1):
            page = await client.list_resources(cursor=cursor)
            assert len(page.resources) == size
            found += page.resources
            cursor = page.next_cursor
        texts = {(await client.read_resource(each.uri)).contents[0].text for each in found}  # type: ignore[union-attr]
        for bad in ("x", "../../etc/passwd", "G" * 64):
            with pytest.raises(MCPError):
                await client.list_resources(cursor=bad)
    assert cursor is None
    assert [each.name for each in found] == ids
    assert [each.uri for each in found] == [f"snapshot://{each}" for each in ids]
    assert texts == {f"text {number}" for number in range(5)}
    assert {(each.title, each.mime_type, each.size) for each in found} == {("T" * 200, "text/plain", 6)}
    assert {each.description for each in found} == {f"http://a.example/{number} [untrusted web content]" for number in range(5)}


async def test_what_one_person_read_is_not_listed_for_another_and_without_the_scope_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = Issuer()
    monkeypatch.setattr(admission, "_guarded", lambda *_: issuer.get)
    (name,) = _kept(tmp_path, 1)
    shared = "a-token-of-sixteen-or-more"
    settings = McpServerSettings.model_validate({"mcp_oauth_issuer": ISSUER, "mcp_oauth_audience": AUDIENCE, "mcp_token": shared})
    app = primary.create_app(settings, tmp_path)
    everything = issuer.token("tools:read tools:browse tools:write")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8801") as client,
    ):

        async def ask(token: str, method: str, **params: str) -> httpx.Response:
            call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            headers = {
                "authorization": f"Bearer {token}",
                "accept": "application/json, text/event-stream",
                "mcp-protocol-version": "2025-11-25",
            }
            return await client.post("/mcp", json=call, headers=headers)

        theirs = await ask(everything, "resources/list")
        agents = await ask(shared, "resources/list")
        read = await ask(everything, "resources/read", uri=f"snapshot://{name}")
        refused = [await ask(issuer.token("tools:write"), each) for each in ("resources/list", "resources/read")]
    assert name not in theirs.text
    assert '"resources":[]' in theirs.text
    assert f"snapshot://{name}" in agents.text
    assert "text 0" in read.text
    assert [response.status_code for response in refused] == [403, 403]


async def test_a_page_of_the_list_ends_when_much_was_read_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_resources, "_READ", 5)
    _kept(tmp_path, 3)
    found, cursor = [], None
    async with Client(_server(tmp_path)) as client:
        for _ in range(3):
            page = await client.list_resources(cursor=cursor)
            found.append(len(page.resources))
            cursor = page.next_cursor
    assert (found, cursor) == ([1, 1, 1], None)
