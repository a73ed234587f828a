"""Every metric's name, once. No label takes a value that a user chooses."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from synapse.telemetry.tracing import sampled, trace_of

# A series beside every other that says when counting began: the scraper knows its restarts by the counters themselves.
disable_created_metrics()  # type: ignore[no-untyped-call]

# By default a model may take a minute and a tool half of one, which is beyond the usual buckets.
_LLM_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
_TOOL_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_RUN_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_WAIT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

RUNS_STARTED = Counter("synapse_runs_started_total", "Runs that were created or resumed", ["how", "tenant_class"])
RUNS_ENDED = Counter("synapse_runs_ended_total", "Runs that ended: succeeded, failed or cancelled", ["state", "tenant_class"])
RUN_SECONDS = Histogram(
    "synapse_run_seconds", "Time of a run from its creation to its end", ["state", "tenant_class"], buckets=_RUN_BUCKETS
)
STEPS = Counter("synapse_steps_total", "What became of steps, as the ledger has it", ["agent", "state", "tenant_class"])
STEP_WAIT_SECONDS = Histogram("synapse_step_wait_seconds", "Time from ready, or due, to claimed", ["agent"], buckets=_WAIT_BUCKETS)
STEP_SECONDS = Histogram("synapse_step_seconds", "Time of one attempt, from claim to recorded result", ["agent", "became"])
JOINS_COMPLETED = Counter("synapse_joins_completed_total", "Fan-outs whose last member arrived")
HINTS_SUPPRESSED = Counter("synapse_hints_suppressed_total", "Messages that found nothing to do: duplicates, or steps already taken")
RESULTS_FENCED = Counter("synapse_results_fenced_total", "Late results that were refused because the attempt was stale")
HINTS_REPUBLISHED = Counter("synapse_hints_republished_total", "Ready steps whose message was given up for lost")
LEASES_EXPIRED = Counter("synapse_leases_expired_total", "Running steps whose worker fell silent")
TIMERS_FIRED = Counter("synapse_timers_fired_total", "Waiting steps that became due")
SIGNALS = Counter("synapse_signals_received_total", "Signals that were sent to runs and kept")
WAITS_ENDED = Counter(
    "synapse_waits_ended_total",
    "Steps that waited without a worker, by what and by how that ended: timer, signal, timeout",
    ["kind", "ended"],
)
STEPS_GIVEN_UP = Counter("synapse_steps_given_up_total", "Steps failed because they lost their worker too often")
DEADLINES_PASSED = Counter("synapse_deadlines_passed_total", "Runs failed because their deadline passed")
EVENTS_RELAYED = Counter("synapse_events_relayed_total", "Events published to the topic exchange")
RECONCILER_LEADER = Gauge("synapse_reconciler_leader", "1 where this process holds the reconciler's lease", multiprocess_mode="livemax")
STEPS_OPEN = Gauge("synapse_steps_open", "Steps of running runs, by state", ["state"], multiprocess_mode="livemostrecent")
RUNS_OPEN = Gauge("synapse_runs_open", "Runs under way", ["state"], multiprocess_mode="livemostrecent")
QUEUE_STEPS = Gauge("synapse_queue_ready_steps", "Steps that are ready and not claimed", ["queue"], multiprocess_mode="livemostrecent")
QUEUE_AGE_SECONDS = Gauge(
    "synapse_queue_oldest_ready_seconds",
    "Time since the oldest step that is not claimed became ready",
    ["queue"],
    multiprocess_mode="livemostrecent",
)
DEAD_LETTERS = Gauge(
    "synapse_dead_letters_outstanding",
    "Messages that a queue gave up and nobody has dealt with",
    ["queue"],
    multiprocess_mode="livemostrecent",
)
WORKER_MEMORY = Gauge(
    "synapse_worker_memory_bytes",
    "What a worker and the processes of its pool hold, by the queues it serves: rss, pss (shared pages divided), private, swap",
    ["queues", "kind"],
    multiprocess_mode="livemostrecent",
)
SCHEDULE_FIRINGS = Counter(
    "synapse_schedule_firings_total", "Due times of schedules, by what became of them; several missed together are one", ["outcome"]
)
SCHEDULE_LATENESS_SECONDS = Histogram(
    "synapse_schedule_lateness_seconds", "Time from a due time, jitter included, to the begin of its run", buckets=_WAIT_BUCKETS
)
WEBHOOK_DELIVERIES = Counter("synapse_webhook_deliveries_total", "Attempts to deliver, by what became of the delivery", ["outcome"])
WEBHOOK_SECONDS = Histogram("synapse_webhook_request_seconds", "Time of one request to a webhook", buckets=_TOOL_BUCKETS)
WEBHOOK_DELAY_SECONDS = Histogram(
    "synapse_webhook_delay_seconds", "Time from what happened to its delivery, retries included", buckets=_WAIT_BUCKETS
)
WEBHOOKS_DISABLED = Counter("synapse_webhooks_disabled_total", "Webhooks that were disabled by themselves: gone or failing", ["why"])
HTTP_REQUESTS = Counter("synapse_http_requests_total", "Requests that the API answered", ["method", "route", "status"])
HTTP_SECONDS = Histogram("synapse_http_request_seconds", "Time to the first byte of an answer", ["method", "route"])
TOOL_CALLS = Counter("synapse_tool_calls_total", "Tool calls of agents, as the worker saw them end", ["tool", "outcome"])
TOOL_SECONDS = Histogram(
    "synapse_tool_call_seconds", "Time of one tool call, tries and the opening of a session included", ["tool"], buckets=_TOOL_BUCKETS
)
LLM_CALLS = Counter("synapse_llm_calls_total", "Questions to the language model, by what became of them", ["role", "outcome"])
LLM_FALLBACKS = Counter(
    "synapse_llm_fallbacks_total", "Work done without the model after all: no answer, or one that did not hold", ["agent", "role"]
)
LLM_REQUEST_SECONDS = Histogram(
    "synapse_llm_request_seconds", "Time of one request to a model's server; a question may take several", ["role"], buckets=_LLM_BUCKETS
)
LLM_SLOT_SECONDS = Histogram(
    "synapse_llm_slot_wait_seconds", "Time a request waited for one of the places of SYNAPSE_LLM_CONCURRENCY", buckets=_LLM_BUCKETS
)
LLM_TOKENS = Counter("synapse_llm_tokens_total", "Tokens as servers report them, else estimated", ["role", "direction"])
LLM_COST = Counter("synapse_llm_cost_total", "Cost in the currency of the operator's prices", ["role"])

# A counter that appears with its first increment does not rise for whoever scrapes it: the few names of these are there from the start.
for _outcome in ("fired", "missed", "overlap", "refused"):
    SCHEDULE_FIRINGS.labels(_outcome)
for _outcome in ("delivered", "retried", "given_up"):
    WEBHOOK_DELIVERIES.labels(_outcome)
for _why in ("gone", "failing"):
    WEBHOOKS_DISABLED.labels(_why)


OTHER_CLASS: Final = "other"
"""The tenant class of whoever is in none that the operator named."""


def expect_class(name: str) -> None:
    """Have what is counted of runs of this tenant class there from now on, at zero."""
    for how in ("created", "resumed"):
        RUNS_STARTED.labels(how, name)
    for state in ("succeeded", "failed", "cancelled"):
        RUNS_ENDED.labels(state, name)


expect_class(OTHER_CLASS)


def exemplar(traceparent: str | None) -> dict[str, str] | None:
    """The trace of a W3C traceparent as a histogram takes it, so that a slow bucket leads to a run that was slow.

    None where there is none, or none that anybody kept.
    """
    trace = trace_of(traceparent) if sampled(traceparent) else None
    return {"trace_id": trace} if trace is not None else None
