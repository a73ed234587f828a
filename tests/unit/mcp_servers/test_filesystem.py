from __future__ import annotations

from pathlib import Path

from mcp import Client

from synapse.mcp_servers import filesystem
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.settings import McpServerSettings


async def test_over_mcp_files_are_saved_read_listed_and_judged(tmp_path: Path) -> None:
    app = filesystem.create_app(McpServerSettings(files_root=tmp_path / "out"), tmp_path)
    server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")
    async with Client(server, mode="2026-07-28") as client:
        saved = await client.call_tool("save_file", {"path": "r/a.md", "content": "hello"})
        read = await client.call_tool("read_file", {"path": "r/a.md"})
        listed = await client.call_tool("list_directory", {})
        judged = await client.call_tool("validate_path", {"path": "../x"})
        refused = await client.call_tool("read_file", {"path": "../x"})
    assert (tmp_path / "out" / "r" / "a.md").read_text() == "hello"
    assert saved.structured_content is not None
    assert saved.structured_content["bytes"] == 5
    assert read.structured_content is not None
    assert read.structured_content["content"] == "hello"
    assert listed.structured_content is not None
    assert listed.structured_content["entries"] == [{"name": "r", "kind": "directory", "bytes": 0}]
    assert judged.structured_content is not None
    assert judged.structured_content["valid"] is False
    assert refused.is_error


def test_a_verdict_tells_why_and_whether_it_is_there(tmp_path: Path) -> None:
    files = ConfinedFiles(tmp_path)
    files.save("a", "x")
    assert filesystem.verdict_on(files, "a").exists
    assert filesystem.verdict_on(files, "b").valid
    assert "absolute" in (filesystem.verdict_on(files, "/b").reason or "")
