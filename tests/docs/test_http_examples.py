"""Examples of HTTP are requests that the API describes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from tests.docs.pages import PAGES, ROOT, commands, name

OPENAPI: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text("utf-8"))
INLINE = re.compile(r"`(GET|POST) (/[^`]*)`")
REQUEST = re.compile(r"`(\{\"(?:workflow|question|input)\".*?\})`")


def operation(method: str, path: str) -> dict[str, Any]:
    """The operation that answers it. Fails when there is none."""
    for template, operations in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"there is no {method} {path}")


def check_body(described: dict[str, Any], body: str) -> None:
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": OPENAPI["components"]}).validate(json.loads(body))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_curl_is_a_request_that_the_api_takes(page: Path) -> None:
    for line in commands(page):
        if not line.startswith("curl "):
            continue
        words = shlex.split(line)
        url = urlsplit(
            next(("http://" + word.removeprefix("http://")) for word in words[1:] if re.match(r"(http://)?(localhost|127)", word))
        )
        body = words[words.index("-d") + 1] if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body is not None else "GET"
        found = operation(method, url.path)
        known = {each["name"] for each in found.get("parameters", [])}
        assert {part.partition("=")[0] for part in url.query.split("&") if part} <= known, line
        if body is not None:
            assert "Content-Type: application/json" in words, line
            check_body(found, body)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_route_and_request_in_the_text_is_one(page: Path) -> None:
    text = page.read_text("utf-8")
    for method, path in INLINE.findall(text):
        operation(method, path.partition("?")[0])
    for body in REQUEST.findall(text):
        check_body(operation("POST", "/v1/runs"), body)
