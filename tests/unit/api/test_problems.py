from __future__ import annotations

import httpx
import pytest

from synapse.api.app import create_app
from synapse.errors import Unavailable
from synapse.service.service import Service
from synapse.settings import ApiSettings

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "no-such-route"), ("PUT", "/v1/runs", 405, "method-not-allowed"), ("GET", "/v1/runs/x", 404, "not-found")],
)
async def test_every_error_is_a_problem(client: httpx.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    answer = await client.request(method, path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"/problems/{code}"
    assert problem["instance"] == path
    assert problem["title"]
    assert problem["detail"]


async def test_405_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    assert (await client.put("/v1/runs")).headers["allow"] == "GET, POST"
    assert (await client.delete("/v1/runs/some-id/events")).headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b'{"question": ', 400, "malformed-json", "body"),
        (b"", 400, "invalid-input", "body"),
        (b'{"question": "abc", "extra": 1}', 400, "invalid-input", "extra"),
        (b'{"question": "a"}', 400, "invalid-input", "input.question"),
        (b'{"question": "abcd", "input": {"max_sources": 0}}', 400, "invalid-input", "input.max_sources"),
        (b'{"question": "abcd", "input": {"max_sources": NaN}}', 400, "invalid-input", "input"),
        (b'{"question": "abcd \\ud800"}', 400, "invalid-input", "input"),
        (b'{"question": "abcd", "timeout_seconds": 1e400}', 400, "invalid-input", "timeout_seconds"),
        (b'{"question": "abcd", "timeout_seconds": "soon"}', 400, "invalid-input", "timeout_seconds"),
        (b'{"workflow": "none\\u0000", "question": "abcd"}', 404, "not-found", "workflow"),
        (b"[" * 100_000, 400, "malformed-request", None),
        (b"\xff\xfe{", 400, "malformed-request", None),
    ],
)
async def test_what_is_wrong_with_a_body_is_named(
    client: httpx.AsyncClient, body: bytes, status: int, code: str, field: str | None
) -> None:
    answer = await client.post("/v1/runs", content=body, headers=JSON)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("field")) == (status, code, field), problem


async def test_several_faults_are_all_listed(client: httpx.AsyncClient) -> None:
    problem = (await client.post("/v1/runs", json={"workflow": 1, "timeout_seconds": -1})).json()
    assert {fault["field"] for fault in problem["errors"]} == {"workflow", "timeout_seconds"}


async def test_a_form_is_told_to_be_json(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/runs", data={"question": "abcd"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_an_unexpected_error_gives_nothing_away(service: Service) -> None:
    app = create_app(service, ApiSettings())

    @app.get("/breaks")
    def breaks() -> None:
        raise RuntimeError("the password is swordfish")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/breaks")
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert answer.json()["instance"].startswith("urn:uuid:")


async def test_what_may_work_later_says_when_to_come_back(service: Service) -> None:
    app = create_app(service, ApiSettings())

    @app.get("/away")
    def away() -> None:
        raise Unavailable("the database does not answer")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answer = await client.get("/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
