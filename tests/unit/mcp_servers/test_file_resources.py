from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError

from synapse.mcp_servers import file_resources, filesystem
from synapse.mcp_servers.file_resources import media_type, uri_of
from synapse.settings import McpServerSettings

ERAS = ["2026-07-28", "legacy"]


@asynccontextmanager
async def _client(home: Path, era: Any = "2026-07-28", **values: Any) -> AsyncIterator[Client]:
    app = filesystem.create_app(McpServerSettings.model_validate(values), home)
    server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")  # type: ignore[attr-defined]
    async with Client(server, mode=era) as client:
        yield client


def _saved(home: Path, **files: str) -> None:
    (home / "reports" / "run one").mkdir(parents=True)
    for name, text in files.items():
        (home / "reports" / "run one" / name.replace("_", ".")).write_text(text)


@pytest.mark.parametrize("era", ERAS)
async def test_reports_are_listed_with_their_types_and_each_is_read_by_its_uri(tmp_path: Path, era: str) -> None:
    _saved(tmp_path, answer_md="# Cats\n\nThey sleep.", claims_json="{}", log_txt="ok")
    async with _client(tmp_path, era) as client:
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        read = [(await client.read_resource(each.uri)).contents[0] for each in listed]
    assert [(each.name, each.mime_type, each.size) for each in listed] == [
        ("run one/answer.md", "text/markdown", 19),
        ("run one/claims.json", "application/json", 2),
        ("run one/log.txt", "text/plain", 2),
    ]
    assert listed[0].uri == "files://default/run%20one/answer.md"
    assert [each.mime_type for each in read] == [each.mime_type for each in listed]
    assert [each.text for each in read] == ["# Cats\n\nThey sleep.", "{}", "ok"]  # type: ignore[union-attr]
    assert [each.uri_template for each in templates] == ["files://{root}/{+path}"]


@pytest.mark.parametrize("era", ERAS)
async def test_many_are_listed_in_pages(tmp_path: Path, era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_resources, "PAGE", 3)
    (tmp_path / "reports").mkdir()
    for number in range(7):
        (tmp_path / "reports" / f"{number}.md").write_text("x")
    names, cursor = [], None
    async with _client(tmp_path, era) as client:
        for size in (3, 3, 1):
            page = await client.list_resources(cursor=cursor)
            assert len(page.resources) == size
            names += [each.name for each in page.resources]
            cursor = page.next_cursor
        assert cursor is None
        with pytest.raises(MCPError):
            await client.list_resources(cursor="x" * 5000)
    assert names == [f"{number}.md" for number in range(7)]


async def test_of_the_other_roots_nobody_is_told_who_does_not_name_them(tmp_path: Path) -> None:
    (tmp_path / "tenant").mkdir()
    (tmp_path / "tenant" / "a.md").write_text("theirs")
    async with _client(tmp_path, files_roots=(f"tenant-7={tmp_path / 'tenant'}",)) as client:
        listed = (await client.list_resources()).resources
        read = await client.read_resource("files://tenant-7/a.md")
        with pytest.raises(MCPError) as absent:
            await client.read_resource("files://tenant-8/a.md")
        with pytest.raises(MCPError) as missing:
            await client.read_resource("files://tenant-7/b.md")
    assert listed == []
    assert read.contents[0].text == "theirs"  # type: ignore[union-attr]
    assert absent.value.message == missing.value.message


@pytest.mark.parametrize(
    "path",
    [
        "../outside.md",
        "%2e%2e/outside.md",
        "..%2foutside.md",
        "%2e%2e%2foutside.md",
        "/outside.md",
        "a.md%00",
        "link.md",
        "sub/../../outside.md",
        "a.md:x",
        "hard.md",
    ],
)
async def test_no_spelling_of_a_uri_leads_out(tmp_path: Path, path: str) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "outside.md").write_text("the secret")
    (tmp_path / "reports" / "link.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "reports" / "hard.md").hardlink_to(tmp_path / "outside.md")
    async with _client(tmp_path) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(f"files://default/{path}")
    assert "secret" not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_name_makes_a_uri_and_its_type_and_html_is_never_a_page() -> None:
    assert uri_of("default", "a b/ü#?.md") == "files://default/a%20b/%C3%BC%23%3F.md"
    assert [media_type(f"files://default/{name}") for name in ("a.MD", "a.html", "a")] == ["text/markdown", "text/plain", "text/plain"]
