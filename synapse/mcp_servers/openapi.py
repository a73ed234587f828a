"""The REST companions as an OpenAPI document, written from the tools' own schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from mcp_types import Tool

from synapse.mcp_servers.grants import scope_of
from synapse.mcp_servers.problems import MEDIA_TYPE

_STATUSES: Final = (400, 401, 403, 404, 405, 408, 413, 415, 421, 422, 500, 503, 504)
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "instance", "code", "remedy")},
        "status": {"type": "integer"},
        "retryable": {"type": "boolean", "description": "Whether trying the same call again may help."},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": {"type": "string"}, "detail": {"type": "string"}}},
        },
    },
}
_EVENTS: Final = "Events named progress, with progress, total and message; then one named result, or error with a problem."


def document(title: str, version: str, tools: Iterable[Tool]) -> dict[str, Any]:
    """OpenAPI 3.1 for these tools."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    tools = list(tools)
    paths = {f"/tools/{tool.name}": {"post": _operation(tool, schemas)} for tool in tools}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": {"/tools": {"get": _LISTING}, **paths},
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}, {}],
    }


_PROBLEMS: Final = {
    str(status): {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in _STATUSES
}
_LISTING: Final = {
    "operationId": "list_tools",
    "summary": "The tools that the caller may call",
    "responses": {
        "200": {
            "description": "Tools with their schemas, as MCP lists them.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["tools"],
                        "properties": {"tools": {"type": "array", "items": {"type": "object", "required": ["name", "inputSchema"]}}},
                    }
                }
            },
        },
        **{status: _PROBLEMS[status] for status in ("401", "403", "421")},
    },
}


def _operation(tool: Tool, schemas: dict[str, Any]) -> dict[str, Any]:
    output = _hoisted(tool.output_schema or {"type": "object"}, schemas, f"{tool.name}.result")
    return {
        "operationId": tool.name,
        "summary": (tool.description or tool.name).split("\n")[0],
        "description": f"Needs the scope {scope_of(tool.annotations)} when the caller has an access token.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _hoisted(tool.input_schema, schemas, f"{tool.name}.arguments")}},
        },
        "responses": {
            "200": {
                "description": "What the tool gives.",
                "content": {
                    "application/json": {"schema": output},
                    "text/event-stream": {"schema": {"type": "string", "description": _EVENTS}},
                },
            },
            **_PROBLEMS,
        },
    }


def _hoisted(schema: Mapping[str, Any], schemas: dict[str, Any], owner: str) -> Any:
    """A schema whose definitions are the document's: a reference counts from the root of the document it stands in."""
    definitions = schema.get("$defs", {})
    placed: dict[str, str] = {}
    for prefix in ("", f"{owner}."):
        placed = {f"#/$defs/{name}": f"#/components/schemas/{prefix}{name}" for name in definitions}
        moved = {f"{prefix}{name}": _referred(definition, placed) for name, definition in definitions.items()}
        # What two tools call alike is one schema only when it is the same.
        if all(schemas.get(name, definition) == definition for name, definition in moved.items()):
            break
    schemas.update(moved)
    return _referred({name: value for name, value in schema.items() if name != "$defs"}, placed)


def _referred(value: Any, placed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: placed.get(each, each) if name == "$ref" and isinstance(each, str) else _referred(each, placed)
            for name, each in value.items()
        }
    return [_referred(each, placed) for each in value] if isinstance(value, list) else value
