from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from rich.console import Console

from synapse.cli.progress import Progress, Watching
from synapse.contracts.messages import Event, MessageType

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def _event(seq: int, name: str, step: str | None = None, agent: str | None = None, **data: Any) -> Event:
    at = BEGAN + timedelta(seconds=seq / 10)
    return Event(run="r", seq=seq, at=at, type=MessageType.STATUS_UPDATE, name=name, step=step, agent=agent, attempt=1, data=data)


EVENTS = [
    _event(1, "run.created", next=["plan"]),
    _event(2, "step.started", "plan", "orchestrator"),
    _event(3, "step.succeeded", "plan", "orchestrator", next=["read[0]", "read[1]", "read[2]"]),
    _event(4, "step.started", "read[0]", "extraction"),
    _event(5, "step.retrying", "read[0]", "extraction", error={"code": "transient", "message": "slow\x1b[31m page"}, retry_in=1.5),
    _event(6, "step.started", "read[0]", "extraction"),
    _event(7, "step.succeeded", "read[0]", "extraction", next=[]),
    _event(8, "step.started", "read[1]", "extraction"),
    _event(9, "step.skipped", "read[1]", "extraction", error={"code": "permanent", "message": "no text"}, next=[]),
]


def test_totals_are_known_as_soon_as_the_steps_are() -> None:
    progress = Progress()
    for event in EVENTS:
        progress.take(event)
    work = progress.works["extraction"]
    assert (work.total, work.done, work.skipped, work.failed) == (3, 1, 1, 0)
    assert work.note == "no text"
    assert work.mark[0] == "▸"
    assert progress.works["orchestrator"].mark[0] == "✓"


def test_the_table_has_a_row_for_each_agent() -> None:
    progress = Progress()
    for event in EVENTS:
        progress.take(event)
    console = Console(file=StringIO(), width=120)
    console.print(progress.table())
    rows = console.file.getvalue().splitlines()  # type: ignore[attr-defined] # a StringIO
    assert [row.split()[1] for row in rows] == ["orchestrator", "extraction"]
    assert "2/3" in rows[1]


def test_without_a_terminal_each_thing_that_happened_is_a_line() -> None:
    console = Console(file=StringIO(), width=100)
    last = Watching(console)(EVENTS)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined] # a StringIO
    assert last is EVENTS[-1]
    assert len(lines) == 5
    assert "slow[31m page, again in 1.5 s" in lines[2]
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_it_is_a_table_that_changes() -> None:
    console = Console(file=StringIO(), width=120, force_terminal=True)
    Watching(console)(EVENTS)
    shown = console.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    assert "read pages" in shown
    assert "2/3" in shown


def test_what_is_waited_for_is_told_until_it_ends() -> None:
    asks = {"kind": "approval", "signal": "publish", "ask": "Publish\x1b[2J?", "seconds": 60.0}
    waits = [_event(1, "step.waiting", "publish", **asks), _event(2, "step.waiting", "t", kind="timer", until="2027-01-01T00:00:00+00:00")]
    progress = Progress()
    for event in waits:
        progress.take(event)
    assert progress.waiting.keys() == {"publish", "t"}
    assert progress.table().row_count == 2
    progress.take(_event(3, "signal.received", "publish", signal="publish", by="x"))
    progress.take(_event(4, "step.succeeded", "publish", waited={"kind": "approval", "ended": "signal"}))
    assert progress.waiting.keys() == {"t"}
    progress.take(_event(5, "run.cancelled"))
    assert not progress.waiting
    file = StringIO()
    Watching(Console(file=file, width=200))(waits)
    assert "approval" in file.getvalue()
    assert "Publish[2J?, for 60 s" in file.getvalue()
    assert "until 2027-01-01T00:00:00+00:00" in file.getvalue()
