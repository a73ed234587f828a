"""Workers over real RabbitMQ and PostgreSQL deliver to a real receiver; one that dies in the middle of it costs a lease, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synapse.contracts.principal import OPERATOR
from synapse.contracts.webhook import DeliveryState, NewWebhook, WebhookRequest
from synapse.service.webhooks import WebhookDesk
from synapse.settings import WebhookSettings
from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.integration.engine.receiver import Receiver
from tests.waiting import until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def desk(client: Client, receiver: Receiver) -> WebhookDesk:
    return WebhookDesk(client.runtime, OPERATOR, WebhookSettings(webhook_allowed_hosts=(receiver.host,)))


def subscribed(desk: WebhookDesk, receiver: Receiver, path: str = "/x") -> NewWebhook:
    made = desk.create(WebhookRequest(url=f"http://{receiver.host}{path}"))
    receiver.secret = receiver.secret or made.secret
    return made


def environment(receiver: Receiver, tmp_path: Path, *rules: dict[str, Any]) -> dict[str, str]:
    faults = {"SYNAPSE_FAULTS": json.dumps({"rules": list(rules), "marks": str(tmp_path)})} if rules else {}
    return {"SYNAPSE_WEBHOOK_ALLOWED_HOSTS": json.dumps([receiver.host]), **faults}


def overdue(client: Client) -> None:
    """As if leases and pauses between tries were over."""
    client.runtime.database.driver.rows("UPDATE delivery SET due = {in:ago} WHERE due IS NOT NULL", {"ago": -1.0})


def test_a_worker_killed_in_the_middle_of_a_delivery_leaves_it_to_another_one(
    client: Client, workers: WorkerProcesses, desk: WebhookDesk, receiver: Receiver, tmp_path: Path
) -> None:
    webhook = subscribed(desk, receiver)
    killing = {"at": "in-delivery", "do": "kill"}
    (first,) = workers.start("-P", "threads", "-c", "2", **environment(receiver, tmp_path, killing))
    run = client.begin(FAN_OUT, {"things": ["plain-1", "plain-2"]})
    assert client.ended(run).state == "succeeded"
    until(lambda: not first.running, "the worker claims the delivery and dies")
    (delivery,) = desk.deliveries(webhook.id).deliveries
    assert (delivery.state, delivery.attempts, receiver.taken) == ("waiting", 1, [])

    overdue(client)
    workers.start("-P", "threads", "-c", "2", **environment(receiver, tmp_path))
    until(lambda: desk.deliveries(webhook.id, state=DeliveryState.DELIVERED).deliveries, "the delivery")
    ((identifier, event),) = receiver.taken
    assert (identifier, event["type"], event["data"]["run"]) == (delivery.id, "run.completed", run)
    assert desk.delivery(webhook.id, delivery.id).attempts == 2


def test_a_receiver_that_fails_is_tried_again_and_one_that_hangs_delays_nobody(
    client: Client, workers: WorkerProcesses, desk: WebhookDesk, receiver: Receiver, tmp_path: Path
) -> None:
    webhook, hanging = subscribed(desk, receiver), subscribed(desk, receiver, "/hangs")
    receiver.hang.clear()
    receiver.statuses = [500]
    workers.start("-P", "threads", "-c", "2", **environment(receiver, tmp_path), SYNAPSE_WEBHOOK_TIMEOUT_SECONDS="60")
    run = client.begin(FAN_OUT, {"things": ["plain-1"]})
    until(lambda: desk.deliveries(webhook.id).deliveries, "the end of the run")
    (delivery,) = desk.deliveries(webhook.id).deliveries
    until(lambda: desk.delivery(webhook.id, delivery.id).log, "the first try")
    assert desk.delivery(webhook.id, delivery.id).log[0].status == 500
    client.runtime.database.driver.rows("UPDATE delivery SET due = {in:ago} WHERE webhook = :id", {"ago": -1.0, "id": webhook.id})
    until(lambda: desk.deliveries(webhook.id, state=DeliveryState.DELIVERED).deliveries, "the second try")
    assert [event["data"]["run"] for _, event in receiver.taken] == [run]
    (waiting,) = desk.deliveries(hanging.id).deliveries
    assert (waiting.state, desk.delivery(hanging.id, waiting.id).log) == ("waiting", ())


def test_the_end_of_a_run_and_what_is_told_of_it_are_committed_together_or_not_at_all(
    client: Client, workers: WorkerProcesses, desk: WebhookDesk, receiver: Receiver, tmp_path: Path
) -> None:
    webhook = subscribed(desk, receiver)
    killing = {"at": "after-commit", "do": "kill", "where": "sum"}
    (first,) = workers.start("-P", "threads", "-c", "1", **environment(receiver, tmp_path, killing))
    run = client.begin(FAN_OUT, {"things": ["plain-1"]})
    until(lambda: not first.running, "the worker dies right after the last commit")
    assert client.run(run).state == "succeeded"
    (delivery,) = desk.deliveries(webhook.id).deliveries
    assert delivery.event == "run.completed"
    overdue(client)
    workers.start("-P", "threads", "-c", "1", **environment(receiver, tmp_path))
    until(lambda: receiver.taken, "the delivery")
    assert receiver.taken[0][1]["data"]["run"] == run
