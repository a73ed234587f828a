from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ToolAnnotations

from synapse.mcp_servers.app import new_server
from synapse.mcp_servers.grants import BROWSE, READ, WRITE, attach, granted
from synapse.mcp_servers.scoped import ToolScopes


async def _scopes() -> ToolScopes:
    server = new_server("test", "")
    for name, hints in (
        ("look", ToolAnnotations(read_only_hint=True, open_world_hint=False)),
        ("browse", ToolAnnotations(read_only_hint=True, open_world_hint=True)),
        ("write", ToolAnnotations(read_only_hint=False)),
    ):
        server.add_tool(lambda: "done", name=name, annotations=hints)
    scopes = ToolScopes(server)
    await scopes.load()
    return scopes


def _context(method: str, params: Any, *granted_scopes: str) -> Any:
    scope: dict[str, Any] = {}
    attach(scope, granted(granted_scopes))
    return SimpleNamespace(method=method, params=params, request=SimpleNamespace(scope=scope))


async def _all_tools(_: Any) -> dict[str, Any]:
    return {"tools": [{"name": name} for name in ("look", "browse", "write")]}


async def test_every_tool_needs_its_scope_and_an_unknown_one_the_widest() -> None:
    scopes = await _scopes()
    assert [scopes.of_tool(name) for name in ("look", "browse", "write", "absent", None, {})] == [READ, BROWSE, WRITE, WRITE, WRITE, WRITE]
    assert scopes.needed("tools/call", {"name": "browse"}) == BROWSE
    assert scopes.needed("tools/call", None) == WRITE
    assert scopes.needed("resources/read", {"uri": "snapshot://x"}) == READ
    assert scopes.needed("tools/list", None) is None


@pytest.mark.parametrize(("scopes", "names"), [((), []), ((READ,), ["look"]), ((READ, BROWSE), ["look", "browse"]), ((WRITE,), ["write"])])
async def test_tools_out_of_reach_are_not_listed(scopes: tuple[str, ...], names: list[str]) -> None:
    listed = cast(dict[str, Any], await (await _scopes())(_context("tools/list", None, *scopes), _all_tools))
    assert [tool["name"] for tool in listed["tools"]] == names


async def test_a_call_without_the_scope_never_reaches_the_tool() -> None:
    async def called(_: Any) -> dict[str, Any]:
        pytest.fail("the tool was reached")

    with pytest.raises(MCPError, match="tools:write"):
        await (await _scopes())(_context("tools/call", {"name": "write"}, READ, BROWSE), called)


async def test_a_call_within_this_process_may_do_everything() -> None:
    async def called(_: Any) -> dict[str, Any]:
        return {"content": []}

    context = SimpleNamespace(method="tools/call", params={"name": "write"}, request=None)
    assert await (await _scopes())(cast(Any, context), called) == {"content": []}
