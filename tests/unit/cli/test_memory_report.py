from __future__ import annotations

from pathlib import Path

from rich.console import Console

from synapse.cli.memory_report import together, view
from synapse.cli.processes import Process
from synapse.telemetry.control_client import Door
from synapse.telemetry.control_socket import Card, Report
from synapse.telemetry.memory import Memory


def report(role: str, pid: int, mega: int | None, *queues: str, parent: int | None = None) -> Report:
    card = Card(role=role, pid=pid, parent=parent, queues=queues, uptime_seconds=75, threads=4)
    held = Memory(rss=mega * 1_500_000, pss=mega * 1_000_000, private=mega * 900_000) if mega is not None else None
    return Report(card=card, memory=held)


REPORTS = [
    report("worker", 12, 30, "synapse-search", parent=11),
    report("api", 10, 80),
    report("worker", 11, 70, "synapse-search"),
    report("worker", 13, None, "synapse-extraction", "synapse-search"),
]


def test_what_serves_the_same_agents_is_added_up() -> None:
    assert [(name, count, held.pss) for name, count, held in together(REPORTS)] == [
        ("search", 2, 100_000_000),
        ("api", 1, 80_000_000),
        ("extraction,search", 1, 0),
    ]


def test_each_process_has_a_row_those_of_a_pool_below_their_worker() -> None:
    console = Console(width=100, quiet=False)
    processes = [Process(Door(Path("x"), each.card.role, each.card.pid), each) for each in REPORTS]
    with console.capture() as captured:
        console.print(view([*processes, Process(Door(Path("y"), "worker", 99), None)]), soft_wrap=True)
    rows = [line.split() for line in captured.get().splitlines()]
    assert rows[1] == ["api", "10", "80.0", "72.0", "120.0", "0.0", "4", "1", "min", "15", "s"]
    assert rows[2] == ["worker", "13", "–", "–", "–", "–", "4", "1", "min", "15", "s", "extraction,search"]
    assert [row[:4] for row in rows[3:5]] == [["worker", "11", "70.0", "63.0"], ["worker", "of", "11", "12"]]
    assert rows[7] == ["2", "100.0", "90.0", "150.0", "0.0", "search"]
