"""What workers tell over HTTP, whatever their pool, and while their broker is away."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.services import RabbitMQ
from tests.services.ports import free_port
from tests.waiting import until


def status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False, timeout=10).status_code
    except httpx.TransportError:
        return 0


def counted(url: str, sample: str, **labels: str) -> float:
    text = httpx.get(f"{url}/metrics", trust_env=False, timeout=10).text
    found = [each for family in text_string_to_metric_families(text) for each in family.samples if each.name == sample]
    return sum(each.value for each in found if labels.items() <= each.labels.items())


@pytest.mark.parametrize("pool", [("-P", "threads"), ("-P", "prefork", "-c", "2")], ids=lambda pool: pool[1])
def test_a_worker_tells_what_all_its_threads_or_processes_did(
    client: Client, workers: WorkerProcesses, tmp_path: Path, pool: tuple[str, ...]
) -> None:
    settings = {"SYNAPSE_WORKER_METRICS_PORT": str(free_port())}
    if pool[1] == "prefork":
        settings["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "counts")
        (tmp_path / "counts").mkdir()
    workers.start(*pool, **settings)
    url = f"http://127.0.0.1:{settings['SYNAPSE_WORKER_METRICS_PORT']}"
    until(lambda: status(f"{url}/readyz") == 200, "the worker is ready")
    client.ended(client.begin(FAN_OUT, {"things": ["plain-1", "plain-2", "plain-3"]}))
    # A step is counted once its result is recorded, which the end of the run may outrun.
    until(lambda: counted(url, "synapse_step_seconds_count", agent="test.sum", became="succeeded") == 1, "the last step is counted")
    assert counted(url, "synapse_step_seconds_count", agent="test.work", became="succeeded") == 3
    # Who leads is found out beside the steps.
    until(lambda: counted(url, "synapse_reconciler_leader") == 1, "the only worker leads")


def test_while_the_broker_is_away_a_worker_lives_but_is_not_ready(client: Client, workers: WorkerProcesses, rabbitmq: RabbitMQ) -> None:
    port = str(free_port())
    workers.start(SYNAPSE_WORKER_METRICS_PORT=port)
    url = f"http://127.0.0.1:{port}"
    until(lambda: status(f"{url}/readyz") == 200, "the worker is ready")
    rabbitmq.stop()
    until(lambda: status(f"{url}/readyz") == 503, "the worker has noticed")
    assert status(f"{url}/healthz") == 200
    rabbitmq.start()
    until(lambda: status(f"{url}/readyz") == 200, "the worker is ready again")
