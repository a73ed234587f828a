"""A question to the system that a team would run, agent by agent in processes of their own, and some of them killed."""

from __future__ import annotations

import httpx
import pytest
from pytest_celery import CeleryTestSetup

from tests.smoke.conftest import Ask
from tests.waiting import until

# Ten processes start for each of them.
pytestmark = pytest.mark.timeout(400)


def _succeeded(api: httpx.Client, url: str) -> bool:
    run = api.get(url).json()
    assert run["state"] in ("running", "succeeded"), run
    return bool(run["state"] == "succeeded")


def test_every_queue_has_its_worker_and_a_question_becomes_a_cited_report(
    celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask
) -> None:
    assert celery_setup.ready(control=True)
    consumed = {node: [queue["name"] for queue in queues] for node, queues in celery_setup.app.control.inspect().active_queues().items()}
    assert consumed == {worker.hostname(): [worker.worker_queue] for worker in celery_setup.worker_cluster}
    url = ask("How do ants find food?")
    until(lambda: _succeeded(api, url), "a report")
    report = api.get(f"{url}/report?format=json").json()
    assert "scent trails" in report["answer"][0]["text"]
    assert api.get(f"{url}/verification").json()["holds"]
    agents = {step["agent"].partition(".")[0] for step in api.get(url).json()["steps"]}
    assert agents == {"orchestrator", "search", "extraction", "fact_check", "synthesis", "file_save"}


def test_workers_killed_and_ended_while_runs_are_under_way_cost_nothing_but_time(
    celery_setup: CeleryTestSetup, api: httpx.Client, ask: Ask
) -> None:
    assert celery_setup.ready()
    workers = {worker.worker_queue: worker for worker in celery_setup.worker_cluster}
    killed, ended = workers["synapse-extraction"], workers["synapse-fact-check"]
    before = [ask("How do ants find food?") for _ in range(3)]
    killed.kill()
    ended.kill("SIGTERM")
    during = [ask("When does a scent trail fade?") for _ in range(3)]
    assert {killed.container.status, ended.container.status} == {"exited"}
    killed.restart()
    ended.restart()
    for url in before + during:
        until(lambda url=url: _succeeded(api, url), "a report")
        steps = [
            event["step"]
            for event in api.get(f"{url}/events", headers={"accept": "application/json"}).json()
            if event["name"] == "step.succeeded"
        ]
        assert len(steps) == len(set(steps))
