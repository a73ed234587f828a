from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import Resource

from synapse.mcp_servers.grants import Grant
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.resources import BadCursor, Page, ResourceList


async def _listing(grant: Grant, cursor: str | None) -> Page:
    if cursor == "bad":
        raise BadCursor
    return Page([Resource(uri="x://1", name="1")], "next" if cursor is None else None)


def _asked(method: str, params: Any = None) -> Any:
    return SimpleNamespace(method=method, params=params, request=None)


async def _answer(method: str, params: Any = None, answer: Any = None, metrics: ServerMetrics | None = None) -> Any:
    async def sdk(_: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    amended = ResourceList(_listing, lambda uri: "text/markdown", metrics or ServerMetrics())
    return await amended(cast(Any, _asked(method, params)), sdk)


async def test_the_list_is_what_there_is_now_in_pages_and_the_rest_of_the_answer_stays() -> None:
    first = await _answer("resources/list", None, {"resources": [], "ttlMs": 0})
    last = await _answer("resources/list", {"cursor": "next"}, {"resources": []})
    assert first == {"resources": [{"uri": "x://1", "name": "1"}], "ttlMs": 0, "nextCursor": "next"}
    assert last == {"resources": [{"uri": "x://1", "name": "1"}]}


async def test_a_cursor_that_was_never_given_out_is_the_callers_fault() -> None:
    with pytest.raises(MCPError, match="cursor"):
        await _answer("resources/list", {"cursor": "bad"}, {"resources": []})


async def test_what_is_read_has_its_own_type_and_everything_else_passes_as_it_is() -> None:
    assert await _answer("resources/read", None, {"contents": [{"uri": "x://1"}]}) == {
        "contents": [{"uri": "x://1", "mimeType": "text/markdown"}]
    }
    assert await _answer("tools/list", None, {"tools": []}) == {"tools": []}
    assert await _answer("notifications/initialized", None, None) is None


async def test_what_is_listed_and_read_is_counted_by_how_it_ended() -> None:
    metrics = ServerMetrics()
    await _answer("resources/list", None, {"resources": []}, metrics)
    await _answer("tools/list", None, {"tools": []}, metrics)
    with pytest.raises(MCPError):
        await _answer("resources/read", None, MCPError(code=-32602, message="no such resource"), metrics)
    with pytest.raises(asyncio.CancelledError):
        await _answer("resources/read", None, asyncio.CancelledError(), metrics)
    lines = [line for line in metrics.page().decode().splitlines() if line.startswith("synapse_mcp_resource_requests_total")]
    assert lines == [
        'synapse_mcp_resource_requests_total{method="list",outcome="ok"} 1.0',
        'synapse_mcp_resource_requests_total{method="read",outcome="error"} 1.0',
        'synapse_mcp_resource_requests_total{method="read",outcome="cancelled"} 1.0',
    ]
