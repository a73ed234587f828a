from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from synapse.errors import Unavailable
from synapse.mcp_servers.credentials import Credentials
from synapse.mcp_servers.gate import Gate
from synapse.mcp_servers.grants import Grant, grant_of
from synapse.mcp_servers.hosts import KnownNames
from synapse.mcp_servers.metrics import ServerMetrics

TOKEN = "a-token-of-sixteen-or-more"
BEARER = {"authorization": f"Bearer {TOKEN}"}


async def _app(scope: Any, receive: Any, send: Any) -> None:
    request = Request(scope, receive)
    await PlainTextResponse(f"{len(await request.body())} {len(grant_of(scope).scopes)}")(scope, receive, send)


def _gate(metrics: ServerMetrics | None = None, credentials: Credentials | None = None) -> Gate:
    open_to_all = frozenset({"/.well-known/oauth-protected-resource"})
    return Gate(
        _app,
        KnownNames.of(["tools.example"]),
        credentials or Credentials(TOKEN),
        metrics or ServerMetrics(),
        open_to_all,
        ', resource_metadata="m"',
    )


def _client(gate: Gate) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://tools.example")


async def test_a_request_passes_with_its_body_and_its_grant() -> None:
    async with _client(_gate()) as client:
        response = await client.post("/mcp", content=b"abc", headers=BEARER)
    assert response.text == "3 3"


@pytest.mark.parametrize(
    ("headers", "status", "rule"),
    [
        ({"host": "evil.test"}, 421, "host"),
        ({"origin": "https://evil.test"}, 403, "origin"),
        ({"authorization": ""}, 401, "token"),
        ({"authorization": "Bearer x"}, 401, "token"),
        ({"host": "evil.test", "origin": "https://evil.test", "authorization": ""}, 421, "host"),
    ],
)
async def test_what_is_refused_is_refused_unread_and_counted(headers: dict[str, str], status: int, rule: str) -> None:
    metrics = ServerMetrics()

    async def receive() -> Any:
        pytest.fail("the body of a refused request was read")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": "tools.example", **BEARER, **headers}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    await _gate(metrics)({"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": raw}, receive, send)
    assert sent[0]["status"] == status
    assert f'synapse_mcp_refusals_total{{rule="{rule}"}} 1.0' in metrics.page().decode()
    assert b"evil" not in sent[1]["body"]


async def test_who_has_no_token_is_told_where_to_get_one_and_who_has_a_bad_one_that_it_is_bad() -> None:
    async with _client(_gate()) as client:
        without = await client.get("/mcp")
        bad = await client.get("/mcp", headers={"authorization": "Bearer x"})
    assert without.headers["www-authenticate"] == 'Bearer realm="synapse", resource_metadata="m"'
    assert bad.headers["www-authenticate"] == 'Bearer realm="synapse", resource_metadata="m", error="invalid_token"'


async def test_a_token_in_the_address_is_refused_whether_it_is_needed_or_not() -> None:
    async with _client(_gate()) as client:
        alone = await client.get(f"/mcp?access_token={TOKEN}")
        beside = await client.get(f"/mcp?x=1&access%5Ftoken={TOKEN}", headers=BEARER)
    assert (alone.status_code, beside.status_code) == (401, 400)
    assert TOKEN not in alone.text + beside.text


async def test_probes_pass_by_any_name_and_metadata_without_a_token() -> None:
    async with _client(_gate()) as client:
        probes = [await client.get(path, headers={"host": "10.1.2.3:8801"}) for path in ("/healthz", "/readyz", "/metrics")]
        metadata = await client.get("/.well-known/oauth-protected-resource")
        strange = await client.get("/.well-known/oauth-protected-resource", headers={"host": "evil.test"})
    # They pass, and what they reach may do nothing: nobody granted it anything.
    assert [probe.text for probe in (*probes, metadata)] == ["0 0"] * 4
    assert strange.status_code == 421


@pytest.mark.parametrize("path", ["/healthz/", "/healthz/../mcp", "//healthz", "/HEALTHZ", "/%2e/healthz", "/healthz%00", "/x", "/"])
async def test_only_the_very_paths_are_open(path: str) -> None:
    async with _client(_gate()) as client:
        response = await client.get(httpx.URL("http://tools.example", raw_path=path.encode()))
    assert response.status_code == 401


async def test_the_path_that_is_routed_decides_not_what_the_host_header_makes_of_it() -> None:
    """CVE-2026-48710: ``request.url`` is built from the Host header, and a slash in that moved the path."""
    async with _client(_gate()) as client:
        response = await client.get("/mcp", headers={"host": "tools.example/healthz?"})
    assert response.status_code == 421


async def test_when_nobody_can_tell_whether_a_token_is_good_it_is_not_let_in() -> None:
    class Down:
        async def verify(self, token: str) -> Grant:
            raise Unavailable("the authorization server's keys cannot be had now")

    async with _client(_gate(credentials=Credentials(TOKEN, Down()))) as client:
        response = await client.get("/mcp", headers={"authorization": "Bearer x"})
        agent = await client.get("/mcp", headers=BEARER)
    assert (response.status_code, response.headers["retry-after"], agent.status_code) == (503, "30", 200)
