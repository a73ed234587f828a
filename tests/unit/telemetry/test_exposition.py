from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from synapse.telemetry import metrics
from synapse.telemetry.exposition import Exposition

COUNTING = """
import os, sys
from synapse.telemetry import exposition, metrics
children = []
for _ in range(2):
    child = os.fork()
    if not child:
        metrics.TIMERS_FIRED.inc(3)
        metrics.RECONCILER_LEADER.set(1)
        exposition.forget_process()
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
metrics.RECONCILER_LEADER.set(0)
sys.stdout.write(exposition.page()[0].decode())
"""


class Worker:
    """What the server asks."""

    def __init__(self) -> None:
        self.lives = self.works = True


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def client(worker: Worker) -> Iterator[httpx.Client]:
    server = Exposition("127.0.0.1", 0, alive=lambda: worker.lives, ready=lambda: worker.works)
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as made:
        yield made
    server.close()


def test_it_tells_what_the_process_counted(client: httpx.Client) -> None:
    before = metrics.TIMERS_FIRED._value.get()
    metrics.TIMERS_FIRED.inc()
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert f"synapse_timers_fired_total {before + 1}\n" in answer.text


def test_who_takes_openmetrics_gets_the_trace_that_is_an_example(client: httpx.Client) -> None:
    example = metrics.exemplar("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    metrics.STEP_SECONDS.labels("exemplary", "succeeded").observe(0.2, example)
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert '# {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.2' in answer.text
    assert "0af7651916cd43dd8448eb211c80319c" not in client.get("/metrics").text


def test_a_worker_may_live_without_being_ready(client: httpx.Client, worker: Worker) -> None:
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    worker.works = False
    assert (client.get("/healthz").status_code, client.get("/readyz?why").status_code) == (200, 503)
    worker.lives = False
    assert client.get("/healthz").status_code == 503


def test_nothing_else_is_there(client: httpx.Client) -> None:
    assert client.get("/").status_code == 404


def test_what_several_processes_counted_is_added_up_and_a_dead_one_leads_nothing(tmp_path: Path) -> None:
    env = {"PATH": "", "PYTHONPATH": str(Path(__file__).parents[3]), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COUNTING], env=env, capture_output=True, text=True, check=True)
    assert "synapse_timers_fired_total 6.0\n" in done.stdout
    assert "synapse_reconciler_leader 0.0\n" in done.stdout
    assert 'pid="' not in done.stdout
