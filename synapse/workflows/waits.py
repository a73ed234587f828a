"""What is waited for, and what comes of it: pure, so that the ledger only has to write it down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from synapse.contracts.run import Failure
from synapse.contracts.waits import Decision
from synapse.contracts.workflow import LONGEST_WAIT, Approval, Timer, WaitFor
from synapse.errors import Permanent, Rejected, WaitExpired
from synapse.workflows.expressions import evaluate
from synapse.workflows.program import Index, Node, place

Kind = Literal["timer", "signal", "approval"]
_LONGEST_QUESTION = 2000


@dataclass(frozen=True)
class PlannedWait:
    """What a step waits for: ``seconds`` from when it begins, until a moment (epoch seconds), or with neither as long as the run has."""

    kind: Kind
    signal: str | None = None
    seconds: float | None = None
    until: float | None = None
    ask: str | None = None

    def to_data(self) -> dict[str, Any]:
        """What is kept of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Answer:
    """A signal as it was received. ``at`` is ISO 8601."""

    payload: Any
    by: str
    at: str


@dataclass(frozen=True)
class Ended:
    """How a wait ended: with an output, or with a failure that is tolerated (``skip``) or not."""

    how: Literal["signal", "timer", "timeout"]
    output: dict[str, Any] | None = None
    failure: Failure | None = None
    skip: bool = False


def kind_of(node: Node) -> Kind:
    """What a node waits for."""
    source = node.source
    return "timer" if isinstance(source, Timer) else "approval" if isinstance(source, Approval) else "signal"


def planned(node: Node, document: Mapping[str, Any]) -> PlannedWait:
    """What the node waits for when it begins now. Raises Permanent where an expression gives no time, or no text to ask."""
    source = node.source
    if isinstance(source, Timer):
        return PlannedWait("timer", seconds=_seconds(node, "seconds", document), until=_until(node, document))
    ask = evaluate(source.ask, document) if source.ask is not None else None
    if ask is not None and not isinstance(ask, str):
        raise Permanent(f"{node.at}.ask: {source.ask!r} gave {type(ask).__name__}, not text")
    seconds = _seconds(node, "timeout", document)
    return PlannedWait(kind_of(node), node.signal, seconds, ask=ask[:_LONGEST_QUESTION] if ask else None)


def _seconds(node: Node, name: str, document: Mapping[str, Any]) -> float | None:
    given = getattr(node.source, name)
    found = evaluate(given, document) if isinstance(given, str) else given
    if found is None and given is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Permanent(f"{node.at}.{name}: {given!r} gave {_type(found)}, not a number of seconds")
    if not (math.isfinite(found) and 0 <= found <= LONGEST_WAIT):
        raise Permanent(f"{node.at}.{name}: {given!r} gave {found}; from 0 to {LONGEST_WAIT} seconds can be waited")
    return float(found)


def _until(node: Node, document: Mapping[str, Any]) -> float | None:
    given = node.source.until
    if given is None:
        return None
    try:
        return moment(evaluate(given, document)).timestamp()
    except ValueError as error:
        raise Permanent(f"{node.at}.until: {given!r} gave {error}") from error


def moment(text: Any) -> datetime:
    """The moment that a text names. Raises ValueError for what names none, and for one without an offset: nobody can tell when that is."""
    if not isinstance(text, str):
        raise ValueError(f"{_type(text)}, not a moment as text")
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:60]!r}, not a moment as ISO 8601 has it") from None
    raise ValueError(f"{text[:60]!r}, which has no offset; write it with Z or +02:00")


def payload_schema(node: Node) -> dict[str, Any] | None:
    """The JSON Schema of the payload that the node takes; None for a timer."""
    if isinstance(node.source, WaitFor):
        return dict(node.source.payload)
    return Decision.model_json_schema() if isinstance(node.source, Approval) else None


def output_schema(node: Node) -> dict[str, Any]:
    """The JSON Schema of the node's output, for those who refer to it."""
    text: dict[str, Any] = {"type": "string"}
    perhaps: dict[str, Any] = {"type": ["string", "null"]}
    if isinstance(node.source, Timer):
        fields: dict[str, Any] = {"until": text}
    elif isinstance(node.source, Approval):
        yes: dict[str, Any] = {"type": "boolean"}
        fields = {"approved": yes, "by": perhaps, "comment": perhaps, "sent_by": perhaps, "at": perhaps, "expired": yes}
    else:
        payload = {key: value for key, value in node.source.payload.items() if key not in ("$defs", "$schema")}
        # A payload's own references are of its own root; and a default need not be what a sender must send.
        known = payload if "$defs" not in node.source.payload and node.source.on_timeout != "default" else {}
        fields = {"signal": text, "payload": known, "by": perhaps, "at": perhaps, "timed_out": {"type": "boolean"}}
    return {"title": kind_of(node), "type": "object", "properties": fields}


def answered(node: Node, index: Index, answer: Answer) -> Ended:
    """What comes of a wait whose signal is there."""
    if not isinstance(node.source, Approval):
        output = {
            "signal": place(node.signal or "", index),
            "payload": answer.payload,
            "by": answer.by,
            "at": answer.at,
            "timed_out": False,
        }
        return Ended("signal", output)
    decision = Decision.model_validate(answer.payload)
    by = decision.by or answer.by
    output = {
        "approved": decision.approved,
        "by": by,
        "comment": decision.comment,
        "sent_by": answer.by,
        "at": answer.at,
        "expired": False,
    }
    if decision.approved or node.source.on_reject == "continue":
        return Ended("signal", output)
    said = f"{by} rejected it: {decision.comment}" if decision.comment else f"{by} rejected it"
    return Ended("signal", failure=_failure(Rejected, said), skip=node.source.on_reject == "skip")


def fired(node: Node, index: Index, until: datetime, document: Mapping[str, Any]) -> Ended:
    """What comes of a wait whose time is over. Raises Permanent where the default cannot be evaluated."""
    source = node.source
    if isinstance(source, Timer):
        return Ended("timer", {"until": until.astimezone(UTC).isoformat()})
    if isinstance(source, Approval):
        failure = _failure(WaitExpired, f"nobody approved or rejected it before {_written(until)}")
        if source.on_timeout != "reject":
            return Ended("timeout", failure=failure, skip=source.on_timeout == "skip")
        if source.on_reject != "continue":
            return Ended("timeout", failure=failure, skip=source.on_reject == "skip")
        nobody = {"by": None, "comment": None, "sent_by": None, "at": None}
        return Ended("timeout", {"approved": False, **nobody, "expired": True})
    if source.on_timeout != "default":
        failure = _failure(WaitExpired, f"nobody sent the signal {node.signal!r} before {_written(until)}")
        return Ended("timeout", failure=failure, skip=source.on_timeout == "skip")
    payload = evaluate(source.default, document) if isinstance(source.default, str) else source.default
    return Ended("timeout", {"signal": place(node.signal or "", index), "payload": payload, "by": None, "at": None, "timed_out": True})


def _failure(kind: type[WaitExpired | Rejected], message: str) -> Failure:
    return Failure(code=kind.code, message=message[:2000])


def _written(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def _type(found: Any) -> str:
    return "nothing" if found is None else type(found).__name__
