"""A question to the system in containers, and what happens to it when parts of it are killed, restarted or replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_celery import CeleryBrokerCluster, CeleryTestSetup, RabbitMQContainer, RabbitMQTestBroker
from pytest_docker_tools import container, fxtr

from tests.containers.conftest import NETWORK, START_SECONDS, Ask
from tests.waiting import until

# Six containers start for most of them, on a machine that may be busy.
pytestmark = pytest.mark.timeout(600)
PATIENCE = 180.0


def finished(api: httpx.Client, runs: list[str]) -> list[dict[str, Any]]:
    """The runs, once all have succeeded, each step of each recorded once."""
    found = []
    for url in runs:
        until(lambda url=url: _succeeded(api, url), f"a report of {url}", PATIENCE)
        events = api.get(f"{url}/events", headers={"accept": "application/json"}).json()
        steps = [event["step"] for event in events if event["name"] == "step.succeeded"]
        assert steps
        assert len(steps) == len(set(steps))
        found.append(api.get(url).json())
    return found


def _succeeded(api: httpx.Client, url: str) -> bool:
    run = api.get(url).json()
    assert run["state"] in ("running", "succeeded"), run
    return bool(run["state"] == "succeeded")


def begun(api: httpx.Client, url: str) -> bool:
    """Whether some of its steps are done and others are not."""
    run = api.get(url).json()
    return any(step["state"] == "succeeded" for step in run["steps"])


def test_a_question_becomes_a_report_whose_quotes_hold_and_every_worker_takes_from_every_queue(
    celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask
) -> None:
    assert celery_setup.ready(control=True)
    consumed = {node: {queue["name"] for queue in queues} for node, queues in celery_setup.app.control.inspect().active_queues().items()}
    assert consumed == {worker.hostname(): set(worker.worker_queue.split(",")) for worker in celery_setup.worker_cluster}
    with celery_setup.app.connection_for_read() as connection:
        connection.connect()
        assert connection.connection.server_properties["version"].startswith("4."), "what is deployed is RabbitMQ 4"
    (run,) = finished(api, [ask("How do ants find food?")])
    assert "scent trails" in api.get(f"/v1/runs/{run['id']}/report?format=json").json()["answer"][0]["text"]
    assert api.get(f"/v1/runs/{run['id']}/verification").json()["holds"]
    assert {step["attempt"] for step in run["steps"]} == {1}


def test_what_a_killed_worker_held_is_done_by_the_other(celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask) -> None:
    runs = [ask("How do ants find food?") for _ in range(4)]
    until(lambda: any(begun(api, url) for url in runs), "the work has begun")
    celery_setup.worker.kill()
    runs += [ask("When does a scent trail fade?") for _ in range(2)]
    finished(api, runs)
    assert celery_setup.worker.container.status == "exited"
    celery_setup.worker.restart()
    assert celery_setup.worker.ready()


def test_runs_outlive_a_restart_of_the_broker(celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask) -> None:
    runs = [ask("How do ants find food?") for _ in range(3)]
    celery_setup.broker.restart()
    runs += [ask("When does a scent trail fade?") for _ in range(3)]
    finished(api, runs)


def test_workers_are_replaced_one_after_the_other_and_no_step_notices(celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask) -> None:
    runs = []
    for worker in celery_setup.worker_cluster:
        runs += [ask("How do ants find food?") for _ in range(3)]
        worker.restart(force=True)
        until(worker.ready, "it takes work again", PATIENCE)
    attempts = {step["attempt"] for run in finished(api, runs) for step in run["steps"]}
    assert attempts == {1}


spare_container = container(
    image="{default_rabbitmq_broker_image}",
    ports=fxtr("default_rabbitmq_broker_ports"),
    network=NETWORK,
    wrapper_class=RabbitMQContainer,
    timeout=START_SECONDS,
)


class TestTwoBrokers:
    """Two RabbitMQ that know nothing of each other; the second is where everybody goes when the first is gone."""

    @pytest.fixture
    def celery_broker_cluster(
        self, celery_rabbitmq_broker: RabbitMQTestBroker, spare_container: RabbitMQContainer
    ) -> Iterator[CeleryBrokerCluster]:
        spare = RabbitMQTestBroker(spare_container)
        yield CeleryBrokerCluster(celery_rabbitmq_broker, spare)
        spare.teardown()

    def test_a_broker_that_is_gone_for_good_takes_no_run_with_it(self, celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask) -> None:
        runs = [ask("How do ants find food?") for _ in range(3)]
        celery_setup.broker.kill()
        runs += [ask("When does a scent trail fade?") for _ in range(2)]
        finished(api, runs)
