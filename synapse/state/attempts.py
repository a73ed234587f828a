"""How each attempt of a step went, told from the events of the step and of its run's ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from synapse.contracts.messages import Event
from synapse.contracts.run import Failure
from synapse.contracts.steps import AttemptOutcome, AttemptView

RUN_ENDS: Final = ("run.succeeded", "run.failed", "run.cancelled")
_BEGINS: Final = ("step.started", "step.waiting")
_ENDS: Final = {
    "step.succeeded": AttemptOutcome.SUCCEEDED,
    "step.retrying": AttemptOutcome.FAILED,
    "step.skipped": AttemptOutcome.FAILED,
    "step.failed": AttemptOutcome.FAILED,
    "step.lost": AttemptOutcome.LOST,
}


def attempts(events: Iterable[Event]) -> tuple[AttemptView, ...]:
    """Each attempt, the first one first; ``events`` are those of one step and of its run's ends, in order.

    An attempt that nothing ended was lost when there is another one after it, and stopped when its run ended.
    """
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        number = event.attempt
        if event.name in RUN_ENDS:
            for attempt in found.values():
                _close(attempt, AttemptOutcome.STOPPED, event.at)
        elif event.name in _BEGINS and number is not None:
            _close(found.get(number - 1), AttemptOutcome.LOST, event.at)
            found[number] = {"number": number, "started_at": event.at, "worker": event.data.get("worker")}
        elif event.name in _ENDS and number in found:
            _close(found[number], _ENDS[event.name], event.at, event.data)
    return tuple(AttemptView(**{"outcome": AttemptOutcome.RUNNING, **attempt}) for attempt in found.values())


def _close(attempt: dict[str, Any] | None, outcome: AttemptOutcome, at: datetime, said: dict[str, Any] | None = None) -> None:
    if attempt is None or "outcome" in attempt:
        return
    attempt |= {"outcome": outcome, "ended_at": at, "seconds": round((at - attempt["started_at"]).total_seconds(), 3)}
    error, pause = (said or {}).get("error"), (said or {}).get("retry_in")
    if error is not None:
        attempt["error"] = Failure.model_validate(error)
    if pause is not None:
        attempt["retry_in_seconds"] = pause
