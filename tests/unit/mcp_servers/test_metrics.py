from __future__ import annotations

from synapse.mcp_servers.metrics import ServerMetrics


def test_two_servers_of_one_process_count_apart() -> None:
    one, other = ServerMetrics(), ServerMetrics()
    one.calls.labels("search_web", "ok").inc()
    assert b'synapse_mcp_tool_calls_total{outcome="ok",tool="search_web"} 1.0' in one.page()
    assert b"search_web" not in other.page()
