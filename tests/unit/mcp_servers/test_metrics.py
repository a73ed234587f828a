from __future__ import annotations

from synapse.mcp_servers.metrics import ServerMetrics


def test_two_servers_of_one_process_count_apart() -> None:
    one, other = ServerMetrics(), ServerMetrics()
    one.calls.labels("search_web", "ok").inc()
    assert b'synapse_mcp_tool_calls_total{outcome="ok",tool="search_web"} 1.0' in one.page()
    assert b"search_web" not in other.page()


def test_a_provider_that_was_not_asked_has_taken_no_time() -> None:
    metrics = ServerMetrics()
    metrics.provider_answered("brave", "ok", 0.3)
    metrics.provider_answered("brave", "not_asked", 0.0)
    page = metrics.page()
    assert b'synapse_mcp_provider_calls_total{outcome="not_asked",provider="brave"} 1.0' in page
    assert b'synapse_mcp_provider_calls_total{outcome="ok",provider="brave"} 1.0' in page
    assert b'synapse_mcp_provider_duration_seconds_count{provider="brave"} 1.0' in page
