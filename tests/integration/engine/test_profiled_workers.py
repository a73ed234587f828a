"""What a worker does and holds, asked while it works, whatever its pool: also by a user who has no right to look into processes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from synapse.cli.processes import chosen
from synapse.telemetry import control_client
from synapse.telemetry.control_client import Door
from synapse.telemetry.control_socket import Report
from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.services.ports import free_port
from tests.waiting import until


def reports() -> list[Report]:
    return [process.report for process in chosen("worker", "test", None) if process.report is not None]


def functions(door: Door) -> set[str]:
    found = control_client.profile(door, 0.5, 100)
    return {frame for stack in found.stacks for frame in stack.frames} if found is not None else set()


@pytest.mark.parametrize(("pool", "count"), [(("-P", "threads"), 1), (("-P", "prefork", "-c", "2"), 3)], ids=["threads", "prefork"])
def test_a_worker_tells_what_it_does_and_what_it_holds(
    client: Client,
    workers: WorkerProcesses,
    short_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pool: tuple[str, ...],
    count: int,
) -> None:
    place, port = short_folder / "run", free_port()
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(place))
    (worker,) = workers.start(*pool, SYNAPSE_RUNTIME_DIR=str(place), SYNAPSE_WORKER_METRICS_PORT=str(port))
    until(lambda: len(control_client.doors()) == count, "all are there")
    run = client.begin(FAN_OUT, {"things": ["blocking-1"]})
    until((tmp_path / "started-1").exists, "the step is under way")

    seen = set[str]().union(*(functions(door) for door in control_client.doors()))
    assert any(name.startswith("work (tests/integration/engine/app.py:") for name in seen)

    held = reports()
    (main,) = [each.card for each in held if each.card.parent is None]
    assert len(held) == count
    assert {each.card.parent for each in held} - {None} == ({main.pid} if count > 1 else set())
    assert {each.card.queues for each in held} == {("synapse-test",)}
    assert all(each.memory is not None and each.memory.rss > 10_000_000 for each in held)

    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=30).text
    (line,) = [line for line in text.splitlines() if line.startswith("synapse_worker_memory_bytes{") and 'kind="pss"' in line]
    assert 'queues="synapse-test"' in line
    assert float(line.split()[-1]) > 10_000_000

    (tmp_path / "go").touch()
    client.ended(run)
    worker.stop()
    assert not list(place.iterdir())
