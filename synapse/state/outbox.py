"""What webhooks are told: a row for each of them, written in the transaction in which it happened.

Where nobody has subscribed, that is one look at an index; on PostgreSQL it is part of the statement that ends the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from synapse.contracts.run import Failure
from synapse.contracts.webhook import WebhookEvent
from synapse.state.driver import Session
from synapse.state.text import dumps

_ENDS: Final = {
    "succeeded": WebhookEvent.RUN_COMPLETED,
    "failed": WebhookEvent.RUN_FAILED,
    "cancelled": WebhookEvent.RUN_CANCELLED,
}
_INTO: Final = "INSERT INTO delivery (id, webhook, event, about, data, state, attempts, tries, created_at, due, log)"
_NEW: Final = "'waiting', 0, 0, {now}, {now}, {json:none}"
RUN_ENDED: Final = f"""{_INTO} SELECT {{uuid}}, s.webhook, :event, run.id || ':' || run.seq,
 {{object}}('run', run.id, 'workflow', run.workflow, 'code', CAST(:code AS text)), {_NEW}
FROM run JOIN webhook_subscription s ON s.tenant = run.tenant AND s.event = :event WHERE run.id = :run"""
HAPPENED: Final = f"""{_INTO} SELECT {{uuid}}, s.webhook, :event, :about, {{json:data}}, {_NEW}
FROM webhook_subscription s WHERE s.tenant = :tenant AND s.event = :event"""
COMPLETED_PART: Final = f"""told AS ({_INTO}
 SELECT CAST(gen_random_uuid() AS text), s.webhook, '{WebhookEvent.RUN_COMPLETED.value}', counted.id || ':' || counted.seq,
 jsonb_build_object('run', counted.id, 'workflow', counted.workflow, 'code', NULL), 'waiting', 0, 0, now(), now(), '[]'
 FROM counted JOIN webhook_subscription s ON s.tenant = counted.tenant AND s.event = '{WebhookEvent.RUN_COMPLETED.value}')"""
"""Of the statement that completes a run's last step: ``counted`` is the run with the number of its last event."""


def run_ended(session: Session, run: str, state: str, failure: Failure | None) -> None:
    """The run has ended; its last event is the one that says so."""
    code = failure.code if failure is not None else None
    session.rows(RUN_ENDED, {"run": run, "event": _ENDS[state].value, "code": code, "none": "[]"})


def happened(session: Session, tenant: str, event: WebhookEvent, about: str, data: Mapping[str, str | None]) -> None:
    """Something else has; ``about`` tells it from all that ever did."""
    session.rows(HAPPENED, {"tenant": tenant, "event": event.value, "about": about, "data": dumps(data), "none": "[]"})
