from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from synapse.cli.progress import Progress
from synapse.contracts.messages import Event, MessageType

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(seq: int, name: str, step: str | None = None, agent: str | None = None, attempt: int = 1, **data: Any) -> Event:
    at = BEGAN + timedelta(seconds=seq / 10)
    return Event(run="r", seq=seq, at=at, type=MessageType.STATUS_UPDATE, name=name, step=step, agent=agent, attempt=attempt, data=data)


EVENTS = [
    event(1, "run.created", next=["plan"]),
    event(2, "step.started", "plan", "orchestrator"),
    event(3, "step.succeeded", "plan", "orchestrator", next=["read[0]", "read[1]", "read[2]"]),
    event(4, "step.started", "read[0]", "extraction"),
    event(5, "step.retrying", "read[0]", "extraction", error={"code": "transient", "message": "slow\x1b[31m page"}, retry_in=1.5),
    event(6, "step.started", "read[0]", "extraction", 2),
    event(7, "step.succeeded", "read[0]", "extraction", 2, next=[]),
    event(8, "step.started", "read[1]", "extraction"),
    event(9, "step.skipped", "read[1]", "extraction", error={"code": "permanent", "message": "no text"}, next=[]),
]


def told(*events: Event) -> Progress:
    progress = Progress()
    for each in events:
        progress.take(each)
    return progress


def test_steps_are_known_as_soon_as_they_are_ready() -> None:
    progress = told(*EVENTS)
    assert {name: (node.agent, node.state, node.over, len(node.works)) for name, node in progress.nodes.items()} == {
        "plan": ("orchestrator", "succeeded", 1, 1),
        "read": ("extraction", "ready", 2, 3),
    }
    assert [(work.path, work.state, work.attempt, work.note) for work in progress.nodes["read"].works.values()] == [
        ("read[0]", "succeeded", 2, ""),
        ("read[1]", "skipped", 1, "no text"),
        ("read[2]", "ready", 0, ""),
    ]


def test_while_a_step_is_tried_again_it_says_why_and_when() -> None:
    (work,) = (work for work in told(*EVENTS[:5]).works if work.path == "read[0]")
    assert (work.state, work.note) == ("retrying", "slow[31m page, again in 1.5 s")


def test_what_is_waited_for_is_told_until_it_ends() -> None:
    waits = [
        event(1, "step.waiting", "publish", kind="approval", signal="publish", ask="Publish?", seconds=60.0),
        event(2, "step.waiting", "t", kind="timer", until="2027-01-01T00:00:00+00:00"),
        event(3, "signal.received", "publish", signal="publish", by="x"),
    ]
    assert {work.path: work.waited.get("kind") for work in told(*waits).works} == {"publish": "approval", "t": "timer"}
    answered = [*waits, event(4, "step.succeeded", "publish", waited={"kind": "approval", "ended": "signal"})]
    assert [work.path for work in told(*answered).works if work.waited] == ["t"]
    cancelled = told(*answered, event(5, "run.cancelled"))
    assert cancelled.state == "cancelled"
    assert {work.path: (work.state, work.waited) for work in cancelled.works}["t"] == ("stopped", {})


def test_a_run_that_is_resumed_goes_on_with_the_steps_that_it_names() -> None:
    failed = event(10, "step.failed", "read[2]", "extraction", error={"code": "permanent", "message": "gone"})
    progress = told(*EVENTS, failed, event(11, "run.failed"))
    assert (progress.state, progress.nodes["read"].state) == ("failed", "failed")
    progress.take(event(12, "run.resumed", next=["read[2]"]))
    assert (progress.state, progress.nodes["read"].state) == ("running", "ready")
