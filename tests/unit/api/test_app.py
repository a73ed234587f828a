from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from synapse.api.app import create, create_app
from synapse.errors import InvalidInput
from synapse.service.service import Service
from synapse.settings import ApiSettings


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        # An example may hold a schema of its own, with references into that.
        for key, value in node.items():
            if key != "example":
                yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


async def test_the_openapi_document_is_3_1_and_every_reference_in_it_resolves(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_refs(document)) <= known


async def test_every_operation_declares_its_problems_and_none_declares_fastapis_own(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert list(operation["responses"].get("422", {"content": {"application/problem+json": {}}})["content"]) == [
                "application/problem+json"
            ]
            if path.startswith("/v1"):
                assert {"401", "500", "503"} <= operation["responses"].keys(), path
                assert "application/problem+json" in operation["responses"]["500"]["content"]
    assert "HTTPValidationError" not in json.dumps(document)


async def test_what_an_operation_is_for_is_its_summary(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert paths["/v1/runs"]["post"]["summary"] == "Start a run"
    assert paths["/v1/runs"]["get"]["summary"] == "Runs, newest first, page by page"
    assert all(operation["description"].startswith(operation["summary"]) for path in paths.values() for operation in path.values())


async def test_the_run_request_has_examples(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    body = document["paths"]["/v1/runs"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]["question"]["value"]["question"]


def test_it_does_not_listen_off_loopback_without_a_token(service: Service) -> None:
    with pytest.raises(InvalidInput, match="needs a token") as caught:
        create_app(service, ApiSettings(api_host="0.0.0.0", api_token=None))
    assert caught.value.field == "SYNAPSE_API_TOKEN"


def test_the_factory_makes_an_application_with_a_service_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path))
    app = create()
    assert isinstance(app.state.service, Service)
    app.state.service.close()


async def test_leaving_the_lifespan_ends_the_feed(service: Service) -> None:
    app = create_app(service, ApiSettings())
    async with app.router.lifespan_context(app):
        pass
    assert [event async for event in service.feed.follow("any")] == []
