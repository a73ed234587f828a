from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

from synapse.mcp_servers import filesystem, primary
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.settings import McpServerSettings
from tests.unit.mcp_servers.providers.loopback import http, serving


@asynccontextmanager
async def _client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        yield client


def test_two_servers_of_one_process_count_apart() -> None:
    one, other = ServerMetrics(), ServerMetrics()
    one.calls.labels("search_web", "ok").inc()
    assert b'synapse_mcp_tool_calls_total{outcome="ok",tool="search_web"} 1.0' in one.page()
    assert b"search_web" not in other.page()


def test_a_provider_that_was_not_asked_has_taken_no_time() -> None:
    metrics = ServerMetrics()
    metrics.provider_answered("brave", "ok", 0.3)
    metrics.provider_answered("brave", "not_asked", 0.0)
    page = metrics.page()
    assert b'synapse_mcp_provider_calls_total{outcome="not_asked",provider="brave"} 1.0' in page
    assert b'synapse_mcp_provider_calls_total{outcome="ok",provider="brave"} 1.0' in page
    assert b'synapse_mcp_provider_duration_seconds_count{provider="brave"} 1.0' in page


def _number(page: str, line: str) -> float:
    """The value of a sample whose name and labels are these; 0 when there is none."""
    return next((float(each.rpartition(" ")[2]) for each in page.splitlines() if each.startswith(f"{line} ")), 0.0)


async def test_a_server_tells_of_every_tool_how_often_how_long_how_much_and_why_not(tmp_path: Path) -> None:
    html = b"<html><body><article>" + b"<p>Cats sleep for most of the day in warm places.</p>" * 8
    async with serving(http(html, kind="text/html", cache_control="max-age=600")) as site:
        settings = McpServerSettings(fetch_allow_hosts=(site.url.removeprefix("http://"),), fetch_spacing_seconds=0, fetch_robots="ignore")
        async with _client(primary.create_app(settings, tmp_path)) as client:
            for _ in range(2):
                assert (await client.post("/tools/browse_and_extract", json={"url": f"{site.url}/cats"})).status_code == 200
            for url in ("http://169.254.169.254/", "file:///etc/passwd"):
                assert (await client.post("/tools/browse_and_extract", json={"url": url})).status_code == 422
            await client.post("/tools/browse_many", json={"urls": ["http://169.254.169.254/", "gopher://x/"]})
            await client.post("/tools/read_snapshot", json={"snapshot_id": "0" * 64})
            await client.post("/tools/browse_and_extract", json={"url": "x"}, headers={"origin": "https://evil.test"})
            page = (await client.get("/metrics")).text
    tool = 'tool="browse_and_extract"'
    for line, value in {
        f'synapse_mcp_tool_calls_total{{outcome="ok",{tool}}}': 2,
        f'synapse_mcp_tool_calls_total{{outcome="error",{tool}}}': 2,
        f'synapse_mcp_tool_errors_total{{code="permanent",{tool}}}': 2,
        f"synapse_mcp_tool_duration_seconds_count{{{tool}}}": 4,
        f'synapse_mcp_tool_duration_seconds_bucket{{le="+Inf",{tool}}}': 4,
        f"synapse_mcp_tool_calls_in_progress{{{tool}}}": 0,
        'synapse_mcp_tool_errors_total{code="not-found",tool="read_snapshot"}': 1,
        'synapse_mcp_cache_lookups_total{cache="cache",outcome="stored"}': 1,
        'synapse_mcp_cache_lookups_total{cache="cache",outcome="hit"}': 1,
        'synapse_mcp_cache_lookups_total{cache="snapshot",outcome="miss"}': 1,
        'synapse_mcp_refusals_total{rule="address"}': 2,
        'synapse_mcp_refusals_total{rule="url"}': 2,
        'synapse_mcp_refusals_total{rule="origin"}': 1,
    }.items():
        assert (line, _number(page, line)) == (line, value)
    assert _number(page, f"synapse_mcp_tool_result_bytes_total{{{tool}}}") > 2 * 8 * 40


async def test_what_the_filesystem_server_refuses_is_counted_by_its_rule(tmp_path: Path) -> None:
    settings = McpServerSettings(files_quota_bytes=100, files_roots=(f"shared={tmp_path / 'shared'}",), files_read_only=("shared",))
    async with _client(filesystem.create_app(settings, tmp_path)) as client:
        for arguments in (
            {"path": "../x", "content": ""},
            {"path": "a.md", "content": "x" * 101},
            {"path": "a.md", "content": "x", "root": "shared"},
        ):
            assert (await client.post("/tools/save_file", json=arguments)).status_code == 422
        (tmp_path / "reports").mkdir(exist_ok=True)
        (tmp_path / "reports" / "link").symlink_to("/etc/passwd")
        assert (await client.post("/tools/read_file", json={"path": "link"})).status_code == 422
        page = (await client.get("/metrics")).text
    for rule in ("path", "quota", "read-only", "plain"):
        assert (rule, _number(page, f'synapse_mcp_refusals_total{{rule="{rule}"}}')) == (rule, 1)
    for code in ("bad-path", "over-quota", "read-only"):
        assert _number(page, f'synapse_mcp_tool_errors_total{{code="{code}",tool="save_file"}}') == 1


def test_a_rule_that_nobody_knows_makes_no_label_of_its_own() -> None:
    metrics = ServerMetrics()
    metrics.refused("whatever somebody sends")
    assert _number(metrics.page().decode(), 'synapse_mcp_refusals_total{rule="other"}') == 1
