from __future__ import annotations

import json
from typing import Any

from mcp_types import Tool

from synapse.mcp_servers.openapi import document


def _tool(name: str, item: dict[str, Any]) -> Tool:
    given = {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/Item"}}}, "$defs": {"Item": item}}
    return Tool(name=name, description="What it does.\n\nMore.", input_schema={"type": "object"}, output_schema=given)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for each in value.values() for found in _references(each)]
    return [found for each in value for found in _references(each)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere_inside_the_document() -> None:
    nested = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Item"}}}
    made = document("t", "1", [_tool("a", nested), _tool("b", nested), _tool("c", {"type": "string"})])
    json.dumps(made)
    for reference in _references(made):
        place: Any = made
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]
    schemas = made["components"]["schemas"]
    assert schemas["Item"]["properties"]["next"] == {"$ref": "#/components/schemas/Item"}
    # Of two tools that mean different things by one name the second keeps its own.
    assert schemas["c.result.Item"] == {"type": "string"}
    assert made["paths"]["/tools/a"]["post"]["summary"] == "What it does."


def test_a_tool_says_which_scope_it_needs_and_how_it_may_fail() -> None:
    operation = document("t", "1", [_tool("a", {"type": "string"})])["paths"]["/tools/a"]["post"]
    assert "tools:write" in operation["description"]
    assert {"200", "400", "401", "403", "413", "415", "421", "422", "503", "504"} <= set(operation["responses"])
