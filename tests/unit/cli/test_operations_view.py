from __future__ import annotations

from io import StringIO

from rich.console import Console, RenderableType

from synapse.cli import operations_view
from synapse.contracts.operations import QueueList, QueueView, WorkerList, WorkerView


def _shown(view: RenderableType) -> list[list[str]]:
    console = Console(file=StringIO(), width=200)
    console.print(view)
    return [line.split() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined] # a StringIO


def test_a_queue_has_the_brokers_numbers_and_those_of_sql() -> None:
    waits = QueueView(name="synapse-search", messages=3, consumers=0, ready_steps=4, oldest_seconds=65, dead_letters=1)
    empty = QueueView(name="synapse-logger", messages=0, consumers=2, ready_steps=0, oldest_seconds=0, dead_letters=0)
    rows = _shown(operations_view.queues(QueueList(queues=(waits, empty))))
    assert rows[1][:4] == ["synapse-search", "3", "0", "4"]
    assert rows[1][-1] == "1"
    assert rows[2] == ["synapse-logger", "0", "2", "0", "0"]


def test_what_the_broker_was_not_asked_is_no_zero_and_the_reason_is_told() -> None:
    queue = QueueView(name="a", messages=None, consumers=None, ready_steps=0, oldest_seconds=0, dead_letters=0)
    rows = _shown(operations_view.queues(QueueList(queues=(queue,), unasked="it is\x1b away")))
    assert rows[1][:3] == ["a", "–", "–"]
    assert " ".join(rows[2]).startswith("the broker was not asked: it is")
    assert "\x1b" not in " ".join(rows[2])


def test_a_worker_has_what_it_does_and_takes() -> None:
    worker = WorkerView(
        name="celery@one", pid=7, version="1.0", pool="threads", slots=4, busy=2, queues=("a", "b"), uptime_seconds=90, stopping=True
    )
    rows = _shown(operations_view.workers(WorkerList(workers=(worker,))))
    assert rows[1][:4] == ["celery@one", "(stopping)", "2", "4"]
    assert rows[1][-2:] == ["a", "b"]


def test_nobody_who_answers_is_told_apart_from_nobody_who_was_asked() -> None:
    assert "within a second" in " ".join(_shown(operations_view.workers(WorkerList(workers=())))[0])
    assert "because" in " ".join(_shown(operations_view.workers(WorkerList(workers=(), unasked="because")))[0])
