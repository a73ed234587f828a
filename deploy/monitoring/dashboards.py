"""The five Grafana dashboards as data; scripts/generate-deploy writes them as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 8, 7


@dataclass(frozen=True)
class Panel:
    """One panel: a line for each query and series. ``kind`` is Grafana's name of how it looks."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"


def rate(metric: str, by: str = "", where: str = "") -> str:
    """How often something happens in a second."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{f'{{{where}}}' if where else ''}[5m]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """What that share of the observations stays below."""
    return f"histogram_quantile({share}, sum by ({f'{by}, ' if by else ''}le) (rate({histogram}_bucket[5m])))"


OVERVIEW = [
    Panel("Runs under way", {"running": "max(synapse_runs_open)"}, kind="stat"),
    Panel("Runs that failed, of the last hour", {"failed": "synapse:runs_failed:ratio1h"}, "percentunit", "stat"),
    Panel("Time of a run, 95 in 100", {"p95": "synapse:run_seconds:p95_5m"}, "s", "stat"),
    Panel("Runs that end", {"{{state}}": rate("synapse_runs_ended_total", "state")}, "ops"),
    Panel("Time of a run", {"p50": "synapse:run_seconds:p50_5m", "p95": "synapse:run_seconds:p95_5m"}, "s"),
    Panel("Open steps", {"{{state}}": "max by (state) (synapse_steps_open)"}),
    Panel("Age of the oldest ready step", {"{{queue}}": "max by (queue) (synapse_queue_oldest_ready_seconds)"}, "s"),
    Panel(
        "Repairs",
        {
            "hints sent again": rate("synapse_hints_republished_total"),
            "leases expired": rate("synapse_leases_expired_total"),
            "results fenced": rate("synapse_results_fenced_total"),
            "duplicates suppressed": rate("synapse_hints_suppressed_total"),
            "steps given up": rate("synapse_steps_given_up_total"),
        },
        "ops",
    ),
    Panel("Dead letters", {"{{queue}}": "max by (queue) (synapse_dead_letters_outstanding)"}),
]
AGENTS = [
    Panel("Steps that succeed", {"{{agent}}": 'sum by (agent) (synapse:steps:rate5m{state="succeeded"})'}, "ops"),
    Panel("Steps that do not", {"{{agent}} {{state}}": 'synapse:steps:rate5m{state=~"failed|retrying|skipped|lost"}'}, "ops"),
    Panel("Joins", {"completed": rate("synapse_joins_completed_total")}, "ops"),
    Panel("Wait for a worker, 95 in 100", {"{{agent}}": "synapse:step_wait_seconds:p95_5m"}, "s"),
    Panel("Time of a step, half of them", {"{{agent}}": quantile(0.5, "synapse_step_seconds", "agent")}, "s"),
    Panel("Time of a step, 95 in 100", {"{{agent}}": "synapse:step_seconds:p95_5m"}, "s"),
    Panel("Ready steps", {"{{queue}}": "max by (queue) (synapse_queue_ready_steps)"}),
    Panel("Workers", {"{{queue}}": "celery_active_worker_count"}),
    Panel("Tasks at work", {"{{hostname}}": "celery_worker_tasks_active"}),
    Panel("Memory of workers", {"{{queues}}": 'sum by (queues) (synapse_worker_memory_bytes{kind="pss"})'}, "bytes"),
]
API = [
    Panel("Requests", {"{{route}} {{status}}": rate("synapse_http_requests_total", "route, status")}, "reqps"),
    Panel("Answers that are errors of the server", {"share": "synapse:http_errors:ratio5m"}, "percentunit"),
    Panel("Time to the first byte, 95 in 100", {"{{route}}": quantile(0.95, "synapse_http_request_seconds", "route")}, "s"),
    Panel("Tool calls as agents see them", {"{{tool}} {{outcome}}": rate("synapse_tool_calls_total", "tool, outcome")}, "ops"),
    Panel("Tool calls that fail", {"{{tool}}": "synapse:tool_errors:ratio5m"}, "percentunit"),
    Panel("Time of a tool call, 95 in 100", {"{{tool}}": quantile(0.95, "synapse_tool_call_seconds", "tool")}, "s"),
    Panel("Tool calls under way", {"{{tool}}": "sum by (tool) (synapse_mcp_tool_calls_in_progress)"}),
    Panel("Refusals", {"{{rule}}": rate("synapse_mcp_refusals_total", "rule")}, "ops"),
    Panel("Lookups of what is kept", {"{{cache}} {{outcome}}": rate("synapse_mcp_cache_lookups_total", "cache, outcome")}, "ops"),
]
INFRASTRUCTURE = [
    Panel("Targets that answer", {"{{job}}": "sum by (job) (up)"}),
    Panel("Messages that are ready", {"{{queue}}": 'max by (queue) (rabbitmq_queue_messages_ready{queue=~"synapse-.+"})'}),
    Panel("Messages that are worked on", {"{{queue}}": 'max by (queue) (rabbitmq_queue_messages_unacked{queue=~"synapse-.+"})'}),
    Panel("Consumers", {"{{queue}}": 'max by (queue) (rabbitmq_queue_consumers{queue=~"synapse-.+"})'}),
    Panel(
        "RabbitMQ's memory", {"used": "rabbitmq_process_resident_memory_bytes", "limit": "rabbitmq_resident_memory_limit_bytes"}, "bytes"
    ),
    Panel("Connections and channels", {"connections": "rabbitmq_connections", "channels": "rabbitmq_channels"}),
    Panel("Memory", {"{{job}} {{instance}}": 'process_resident_memory_bytes{job=~"synapse-.+"}'}, "bytes"),
    Panel("CPU", {"{{job}} {{instance}}": 'rate(process_cpu_seconds_total{job=~"synapse-.+"}[5m])'}),
    Panel(
        "Reconciler and relay",
        {"holders of the lease": "sum(synapse_reconciler_leader)", "events relayed": rate("synapse_events_relayed_total")},
    ),
]
OUTCOMES = [
    Panel("Runs of the last day", {"{{state}}": "sum by (state) (increase(synapse_runs_ended_total[1d]))"}, kind="stat"),
    Panel(
        "Runs that end, by class of tenants", {"{{tenant_class}} {{state}}": rate("synapse_runs_ended_total", "tenant_class, state")}, "ops"
    ),
    Panel(
        "Time of a run, 95 in 100, by class of tenants", {"{{tenant_class}}": quantile(0.95, "synapse_run_seconds", "tenant_class")}, "s"
    ),
    Panel(
        "Steps that end, by class of tenants",
        {"{{tenant_class}}": rate("synapse_steps_total", "tenant_class", 'state=~"succeeded|failed|skipped"')},
        "ops",
    ),
    Panel("Runs that are resumed", {"{{how}}": rate("synapse_runs_started_total", "how")}, "ops"),
    Panel("Of the allowance of failures, burnt", {"over 6 hours": "synapse:runs_failed:ratio6h / 0.01"}, "percentunit", "stat"),
    Panel("Searches by provider", {"{{provider}} {{outcome}}": rate("synapse_mcp_provider_calls_total", "provider, outcome")}, "ops"),
    Panel("Time of a provider, 95 in 100", {"{{provider}}": quantile(0.95, "synapse_mcp_provider_duration_seconds", "provider")}, "s"),
    Panel("Text that tools gave", {"{{tool}}": rate("synapse_mcp_tool_result_bytes_total", "tool")}, "Bps"),
    Panel("Questions to the language model", {"{{role}} {{outcome}}": rate("synapse_llm_calls_total", "role, outcome")}, "ops"),
    Panel("Tokens", {"{{role}} {{direction}}": rate("synapse_llm_tokens_total", "role, direction")}, "ops"),
    Panel("Cost in an hour", {"{{role}}": "sum by (role) (increase(synapse_llm_cost_total[1h]))"}),
    Panel("Due times of schedules", {"{{outcome}}": rate("synapse_schedule_firings_total", "outcome")}, "ops"),
    Panel("From due time to run, 95 in 100", {"p95": quantile(0.95, "synapse_schedule_lateness_seconds")}, "s"),
    Panel(
        "Waits",
        {"signals": rate("synapse_signals_received_total"), "{{kind}}: {{ended}}": rate("synapse_waits_ended_total", "kind, ended")},
        "ops",
    ),
    Panel("Deliveries to webhooks", {"{{outcome}}": rate("synapse_webhook_deliveries_total", "outcome")}, "ops"),
    Panel(
        "From event to webhook, 95 in 100",
        {
            "delivered": quantile(0.95, "synapse_webhook_delay_seconds"),
            "one request": quantile(0.95, "synapse_webhook_request_seconds"),
        },
        "s",
    ),
    Panel("Webhooks disabled in a day", {"{{why}}": "sum by (why) (increase(synapse_webhooks_disabled_total[1d]))"}),
]
DASHBOARDS = {
    "overview": ("System overview", OVERVIEW),
    "agents": ("Agents", AGENTS),
    "api-and-mcp": ("API and MCP", API),
    "infrastructure": ("Infrastructure", INFRASTRUCTURE),
    "outcomes": ("Research outcomes", OUTCOMES),
}


def dashboard(name: str) -> dict[str, Any]:
    """One dashboard as Grafana reads it: three panels a row."""
    title, panels = DASHBOARDS[name]
    return {
        "uid": f"synapse-{name}",
        "title": f"Synapse: {title}",
        "tags": ["synapse"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "editable": False,
        "links": [{"type": "dashboards", "tags": ["synapse"], "title": "Synapse", "asDropdown": True}],
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expr, "legendFormat": legend, "exemplar": panel.unit == "s"}
        for at, (legend, expr) in enumerate(panel.queries.items())
    ]
    return {
        "id": number + 1,
        "title": panel.title,
        "type": panel.kind,
        "datasource": SOURCE,
        "gridPos": {"x": number % 3 * WIDTH, "y": number // 3 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }
