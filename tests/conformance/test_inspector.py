"""The official inspector's command line lists and calls every tool of both servers, in both revisions of the protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.node import Node

INSPECTOR = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
# Refused or not found is an answer, too: nothing here may reach the network, and the inspector's part ends with the tool's answer.
ARGUMENTS: dict[str, Any] = {
    "query": "Which entry does a full cache evict?",
    "corpus": "notes",
    "url": "corpus://notes/cache.md",
    "urls": ["corpus://notes/cache.md"],
    "path": "a.md",
    "content": "text",
    "source": "a.md",
    "destination": "b.md",
    "target": "b.md",
    "to": "b.md",
    "snapshot_id": "0" * 64,
}
RESOURCES = {"primary": "snapshot://", "filesystem": "files://default/a.md"}
TOOLS = {
    "primary": {"search_web", "search_corpus", "browse_and_extract", "browse_many", "read_snapshot"},
    "filesystem": {"save_file", "read_file", "list_directory", "stat", "move", "delete", "validate_path", "hash"},
}
# Called with what the fixtures have, these have something to answer.
ANSWERED = {"search_web", "browse_and_extract", "browse_many", "save_file", "list_directory", "validate_path"}


def inspect(node: Node, url: str, era: str, method: str, *more: str) -> dict[str, Any]:
    base = ("--cli", "--server-url", url, "--transport", "http", "--protocol-era", era, "--format", "json", "--method", method)
    run = node.run(INSPECTOR, *base, *more)
    assert run.stdout.strip(), run.stderr
    answered: dict[str, Any] = json.loads(run.stdout)["result"]
    return answered


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.parametrize("server", ["primary", "filesystem"])
def test_every_tool_is_listed_and_called(node: Node, addresses: dict[str, str], server: str, era: str) -> None:
    tools = inspect(node, addresses[server], era, "tools/list")["tools"]
    assert {tool["name"] for tool in tools} >= TOOLS[server]
    # save_file makes what the others look at.
    for tool in sorted(tools, key=lambda each: each["name"] != "save_file"):
        named = tool["inputSchema"].get("required", [])
        named += [name for name in ("corpus",) if name in tool["inputSchema"]["properties"]]
        unknown = set(named) - ARGUMENTS.keys()
        assert not unknown, f"{tool['name']} needs {unknown}: say above what to call it with"
        arguments = json.dumps({name: ARGUMENTS[name] for name in named})
        answer = inspect(node, addresses[server], era, "tools/call", "--tool-name", tool["name"], "--tool-args-json", arguments)
        assert answer["content"], tool["name"]
        if answer.get("isError"):
            assert tool["name"] not in ANSWERED, answer
            assert answer["_meta"]["synapse/error"]["code"] not in ("internal", "invalid-input"), answer
        else:
            assert answer["structuredContent"]


@pytest.mark.parametrize("server", ["primary", "filesystem"])
def test_the_inspector_finds_no_fault_with_the_schemas(node: Node, addresses: dict[str, str], server: str) -> None:
    base = ("--cli", "--server-url", addresses[server], "--transport", "http", "--method", "tools/list", "--strict")
    run = node.run(INSPECTOR, *base)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.parametrize(("server", "tool"), [("primary", "browse_and_extract"), ("filesystem", "save_file")])
def test_what_was_read_and_written_is_listed_and_read_as_a_resource(
    node: Node, addresses: dict[str, str], server: str, tool: str, era: str
) -> None:
    arguments = json.dumps({name: ARGUMENTS[name] for name in ({"url"} if server == "primary" else {"path", "content"})})
    inspect(node, addresses[server], era, "tools/call", "--tool-name", tool, "--tool-args-json", arguments)
    listed = inspect(node, addresses[server], era, "resources/list")["resources"]
    uri = next(each["uri"] for each in listed if each["uri"].startswith(RESOURCES[server]))
    (read,) = inspect(node, addresses[server], era, "resources/read", "--uri", uri)["contents"]
    assert read["uri"] == uri
    assert read["text"]
    assert inspect(node, addresses[server], era, "resources/templates/list")["resourceTemplates"]
