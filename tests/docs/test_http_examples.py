"""Examples of HTTP are requests that the API describes, or an MCP server."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from synapse.mcp_servers import filesystem, primary
from synapse.mcp_servers.openapi import document
from synapse.settings import McpServerSettings
from tests.docs.pages import PAGES, ROOT, commands, name

OPENAPI: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text("utf-8"))
SERVERS = {8801: primary.create_app, 8802: filesystem.create_app}
"""The MCP servers by their ports; each describes its plain routes itself."""
OTHERS = {8888}
"""Ports of programs that are not ours: SearXNG's."""
INLINE = re.compile(r"`(GET|POST) (/[^`]*)`")
REQUEST = re.compile(r"`(\{\"(?:workflow|question|input)\".*?\})`")


@cache
def served(port: int | None) -> dict[str, Any]:
    """What the server at a port describes of itself: an MCP server, else the API."""
    if port not in SERVERS:
        return OPENAPI
    with tempfile.TemporaryDirectory() as home:
        app = SERVERS[port](McpServerSettings(), Path(home))
    server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")  # type: ignore[attr-defined]
    return document(server.name, "", asyncio.run(server.list_tools()))


def operation(method: str, path: str, port: int | None = None) -> dict[str, Any]:
    """The operation that answers it. Fails when there is none."""
    for template, operations in served(port)["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"there is no {method} {path}")


def check_body(described: dict[str, Any], body: str, port: int | None = None) -> None:
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": served(port)["components"]}).validate(json.loads(body))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_curl_is_a_request_that_the_api_takes(page: Path) -> None:
    for line in commands(page):
        if not line.startswith("curl "):
            continue
        words = shlex.split(line)
        url = urlsplit(
            next(("http://" + word.removeprefix("http://")) for word in words[1:] if re.match(r"(http://)?(localhost|127)", word))
        )
        if url.port in OTHERS:
            continue
        body = words[words.index("-d") + 1] if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body is not None else "GET"
        found = operation(method, url.path, url.port)
        known = {each["name"] for each in found.get("parameters", [])}
        assert {part.partition("=")[0] for part in url.query.split("&") if part} <= known, line
        if body is not None:
            assert "Content-Type: application/json" in words, line
            check_body(found, body, url.port)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_route_and_request_in_the_text_is_one(page: Path) -> None:
    text = page.read_text("utf-8")
    for method, path in INLINE.findall(text):
        operation(method, path.partition("?")[0], 8801 if path.startswith("/tools") else None)
    for body in REQUEST.findall(text):
        check_body(operation("POST", "/v1/runs"), body)
