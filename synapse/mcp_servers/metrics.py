"""What an MCP server counts. Each application has its own registry, so that two live in one process."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

RULES: Final = frozenset(
    {
        "host",
        "origin",
        "token",
        "issuer",
        "query-token",
        "scope",
        "body",
        "mismatch",
        "address",
        "url",
        "redirect",
        "robots",
        "size",
        "type",
        "path",
        "plain",
        "quota",
        "read-only",
    }
)
"""What refuses: requests, by their Host, Origin, credentials, scope, body or revision; pages, by what leads to them and what they are;
files, by their paths, what they are, and what their root may hold."""


class ServerMetrics:
    """Calls, errors by kind, durations and bytes, per tool; what was refused and by which rule; and what search providers answered."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("synapse_mcp_tool_calls", "Tool calls that ended, by outcome.", ["tool", "outcome"], registry=self.registry)
        self.errors = Counter(
            "synapse_mcp_tool_errors", "Tool calls that failed, by the kind of error.", ["tool", "code"], registry=self.registry
        )
        self.running = Gauge("synapse_mcp_tool_calls_in_progress", "Tool calls under way.", ["tool"], registry=self.registry)
        self.seconds = Histogram(
            "synapse_mcp_tool_duration_seconds", "How long tool calls took.", ["tool"], registry=self.registry, buckets=_BUCKETS
        )
        self.bytes = Counter("synapse_mcp_tool_result_bytes", "Bytes of text that tools gave.", ["tool"], registry=self.registry)
        self.resources = Counter(
            "synapse_mcp_resource_requests",
            "Resources that were listed or read, by how that ended.",
            ["method", "outcome"],
            registry=self.registry,
        )
        self.refusals = Counter(
            "synapse_mcp_refusals", "Requests, pages and files that were refused, by the rule.", ["rule"], registry=self.registry
        )
        self.cache = Counter("synapse_mcp_cache_lookups", "Lookups in what is kept on disk.", ["cache", "outcome"], registry=self.registry)
        self.provider_calls = Counter(
            "synapse_mcp_provider_calls", "Searches by provider and outcome.", ["provider", "outcome"], registry=self.registry
        )
        self.provider_seconds = Histogram(
            "synapse_mcp_provider_duration_seconds",
            "How long providers were waited for, their turn included.",
            ["provider"],
            registry=self.registry,
            buckets=_BUCKETS,
        )

    def provider_answered(self, provider: str, outcome: str, seconds: float) -> None:
        """Count one search of a provider: ok, error, cancelled, or not_asked for its pace or its breaker."""
        self.provider_calls.labels(provider, outcome).inc()
        if outcome != "not_asked":
            self.provider_seconds.labels(provider).observe(seconds)

    def refused(self, rule: str) -> None:
        """Count what was refused. A rule that is not known counts as 'other': labels must not be made of what somebody sends."""
        self.refusals.labels(rule if rule in RULES else "other").inc()

    def observed(self, what: str, outcome: str) -> None:
        """Count what whoever reads pages tells: a lookup in 'cache' or 'snapshot' and what it found, or a rule by which it 'refused'."""
        if what == "refused":
            self.refused(outcome)
        else:
            self.cache.labels(what, outcome).inc()

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
