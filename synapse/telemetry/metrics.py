"""Every metric's name, once. No label takes a value that a user chooses."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

STEP_SECONDS = Histogram("synapse_step_seconds", "Time of one attempt, from claim to recorded result", ["agent", "became"])
HINTS_SUPPRESSED = Counter("synapse_hints_suppressed_total", "Messages that found nothing to do: duplicates, or steps already taken")
RESULTS_FENCED = Counter("synapse_results_fenced_total", "Late results that were refused because the attempt was stale")
HINTS_REPUBLISHED = Counter("synapse_hints_republished_total", "Ready steps whose message was given up for lost")
LEASES_EXPIRED = Counter("synapse_leases_expired_total", "Running steps whose worker fell silent")
TIMERS_FIRED = Counter("synapse_timers_fired_total", "Waiting steps that became due")
STEPS_GIVEN_UP = Counter("synapse_steps_given_up_total", "Steps failed because they lost their worker too often")
DEADLINES_PASSED = Counter("synapse_deadlines_passed_total", "Runs failed because their deadline passed")
EVENTS_RELAYED = Counter("synapse_events_relayed_total", "Events published to the topic exchange")
RECONCILER_LEADER = Gauge("synapse_reconciler_leader", "1 where this process holds the reconciler's lease")
STEPS_OPEN = Gauge("synapse_steps_open", "Steps of running runs, by state", ["state"])
HTTP_REQUESTS = Counter("synapse_http_requests_total", "Requests that the API answered", ["method", "route", "status"])
HTTP_SECONDS = Histogram("synapse_http_request_seconds", "Time to the first byte of an answer", ["method", "route"])
