from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from mcp_types import CallToolResult

from synapse.contracts.wire import ERROR, SECONDS_LEFT
from synapse.mcp_servers.deadline import seconds_left, within_deadline


def call(said: object, method: str = "tools/call") -> Any:
    return SimpleNamespace(method=method, params={"name": "x", "_meta": {SECONDS_LEFT: said}})


@pytest.mark.parametrize(
    ("params", "seconds"),
    [
        (None, None), ({}, None), ({"_meta": None}, None), ({"_meta": {}}, None), ({"_meta": {SECONDS_LEFT: "5"}}, None),
        ({"_meta": {SECONDS_LEFT: True}}, None), ({"_meta": {SECONDS_LEFT: float("nan")}}, None),
        ({"_meta": {SECONDS_LEFT: float("inf")}}, None), ({"_meta": {SECONDS_LEFT: 5}}, 5.0), ({"_meta": {SECONDS_LEFT: 0.25}}, 0.25),
        ({"_meta": {SECONDS_LEFT: -3}}, 0.0),
    ],
)  # fmt: skip
def test_only_a_number_of_seconds_counts(params: Any, seconds: float | None) -> None:
    assert seconds_left(params) == seconds


async def test_a_call_whose_callers_time_is_over_is_ended_where_it_is_and_answered_as_a_time_out() -> None:
    ended: list[str] = []

    async def tool(_: Any) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return {}

    result = await within_deadline(call(0.01), tool)
    assert ended == ["cancelled"]
    assert isinstance(result, CallToolResult)
    assert result.is_error
    assert result.meta is not None
    assert (result.meta[ERROR]["code"], result.meta[ERROR]["retryable"]) == ("timeout", True)


@pytest.mark.parametrize("ctx", [call(60), call("never"), call(0, "tools/list")])
async def test_what_is_done_in_time_or_bounded_by_nobody_is_left_alone(ctx: Any) -> None:
    async def tool(given: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"given": given is ctx}

    assert await within_deadline(ctx, tool) == {"given": True}


async def test_a_time_out_inside_the_tool_is_the_tools_own() -> None:
    async def tool(_: Any) -> dict[str, Any]:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await within_deadline(call(60), tool)
