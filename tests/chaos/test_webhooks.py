"""Deliveries to webhooks: who makes one is killed, who is to take one is away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from synapse.contracts.principal import OPERATOR
from synapse.contracts.webhook import DeliveryDetail, DeliveryState, NewWebhook, WebhookRequest
from synapse.faults import POINTS
from synapse.service.webhooks import WebhookDesk
from synapse.settings import WebhookSettings
from tests.chaos.house import House
from tests.chaos.matrix import proves
from tests.integration.engine.receiver import Receiver
from tests.services.ports import free_port
from tests.there import there
from tests.waiting import until

LONG = 180.0
"""Seconds; a delivery whose outcome nobody recorded is tried again after its time-out and 45 more."""


class Told:
    """A webhook, and the worker settings that let it be posted to."""

    def __init__(self, house: House, port: int) -> None:
        host = f"127.0.0.1:{port}"
        self.desk = WebhookDesk(house.client.runtime, OPERATOR, WebhookSettings(webhook_allowed_hosts=(host,)))
        self.webhook: NewWebhook = self.desk.create(WebhookRequest(url=f"http://{host}/x"))
        self.settings = {"SYNAPSE_WEBHOOK_ALLOWED_HOSTS": json.dumps([host]), "SYNAPSE_WEBHOOK_TIMEOUT_SECONDS": "1"}

    def delivered(self) -> DeliveryDetail:
        """The one delivery, once it has been made."""
        wanted = DeliveryState.DELIVERED
        (found,) = until(lambda: self.desk.deliveries(self.webhook.id, state=wanted).deliveries, "the delivery", LONG)
        (every,) = self.desk.deliveries(self.webhook.id).deliveries
        assert every.id == found.id
        return self.desk.delivery(self.webhook.id, found.id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@proves(
    "worker killed in the middle of a delivery to a webhook",
    "the delivery is tried again by another worker when its claim has run out; under the same id, so that a receiver that had it knows it",
    "nothing; the receiver hears of it later, or twice",
    at={"before": POINTS["in-delivery"], "after": "in a delivery to a webhook, its request under way"},
    waits="the time-out of a delivery (1 s there, `SYNAPSE_WEBHOOK_TIMEOUT_SECONDS`) and 45 s",
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_delivery_whose_worker_was_killed_is_made_by_another(
    house: House, receiver: Receiver, took: Callable[[float], None], moment: str
) -> None:
    told = Told(house, receiver.server.server_address[1])
    receiver.secret = told.webhook.secret
    faults = [{"at": "in-delivery", "do": "kill"}] if moment == "before" else []
    victim = house.workers.start("-P", "threads", "-c", "2", faults=faults, **told.settings)
    if moment == "after":
        receiver.came = victim.kill
    house.workers.spawn("-P", "threads", "-c", "2", gate=house.gate, **told.settings)
    run = house.begin()
    until(lambda: not victim.running, "it is dead")
    died, receiver.came = time.time(), lambda: None
    house.gate.touch()
    house.sound(run)
    delivery = told.delivered()
    assert delivery.attempts == 2
    assert {identifier for identifier, _ in receiver.taken} == {delivery.id}
    assert len(receiver.taken) == (1 if moment == "before" else 2)
    took(max(0.0, there(delivery.finished_at, "end of the delivery").timestamp() - died))


@proves(
    "receiver of a webhook away",
    "the delivery is tried again, after longer and longer pauses, for a day; runs do not wait for it",
    "a delivery that waits, with what came of each try",
    at="in a delivery to a webhook",
    waits="the pause before the next try, 5 s at first",
)
def test_a_receiver_that_was_away_is_told_when_it_is_back(house: House, took: Callable[[float], None]) -> None:
    port = free_port()
    told = Told(house, port)
    house.workers.start("-P", "threads", "-c", "2", **told.settings)
    run = house.begin()
    house.sound(run)

    def tried() -> DeliveryDetail | None:
        for each in told.desk.deliveries(told.webhook.id).deliveries:
            if (detail := told.desk.delivery(told.webhook.id, each.id)).log:
                return detail
        return None

    failed = until(tried, "a try that fails")
    assert failed.state == DeliveryState.WAITING
    assert failed.log[0].status is None
    back = Receiver(port)
    try:
        back.secret = told.webhook.secret
        delivery = told.delivered()
        ((identifier, event),) = back.taken
    finally:
        back.close()
    assert (identifier, event["data"]["run"]) == (delivery.id, run)
    took(there(delivery.finished_at, "end of the delivery").timestamp() - failed.log[0].at.timestamp())
