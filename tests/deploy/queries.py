"""What Prometheus is asked: every query of alerts, recordings and panels, and which names are in it."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from prometheus_client.metrics import MetricWrapperBase

from synapse.mcp_servers.metrics import ServerMetrics
from synapse.telemetry import metrics
from tests.deploy.composed import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yml"))
# Of celery-exporter 0.12.2 and of RabbitMQ; those of RabbitMQ are looked up on a real one.
FOREIGN = {
    "up",
    "celery_active_worker_count",
    "celery_worker_tasks_active",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "rabbitmq_channels",
    "rabbitmq_connections",
    "rabbitmq_process_resident_memory_bytes",
    "rabbitmq_queue_consumers",
    "rabbitmq_queue_messages_ready",
    "rabbitmq_queue_messages_unacked",
    "rabbitmq_resident_memory_limit_bytes",
}
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
_WORDS = {"and", "or", "unless", "by", "on", "without", "absent", "le"}


def rules() -> list[dict[str, Any]]:
    """All recordings and alerts."""
    return [rule for file in RULES for group in yaml.safe_load(file.read_text("utf-8"))["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def boards() -> dict[str, dict[str, Any]]:
    """The dashboards by file."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))}


def panels() -> dict[str, str]:
    """Every panel's queries, by board, title and legend."""
    return {
        f"{name}: {panel['title']}: {target['legendFormat']}": target["expr"]
        for name, board in boards().items()
        for panel in board["panels"]
        for target in panel["targets"]
    }


def queries() -> dict[str, str]:
    """Everything that is asked, by where."""
    return {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()} | panels()


def names(query: str) -> set[str]:
    """The metrics in a query."""
    bare = re.sub(r'"[^"]*"', "", query)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without)\s*\([^)]*\)", " ", bare)
    return {word for word in re.findall(r"[a-zA-Z_:][\w:]*(?!\w*\s*\()", bare) if word not in _WORDS and not word[0].isdigit()}


def counted() -> dict[str, tuple[str, ...]]:
    """Every series' name that Synapse tells, and its labels."""
    found = [*vars(metrics).values(), *vars(ServerMetrics()).values()]
    made = [each for each in found if isinstance(each, MetricWrapperBase)]
    return {each._name + suffix: tuple(each._labelnames) for each in made for suffix in _SUFFIXES[each._type]}
