from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from synapse.contracts.principal import OPERATOR
from synapse.contracts.run import RunRequest
from synapse.contracts.webhook import DeliveryState, Webhook, WebhookRequest
from synapse.errors import Unavailable
from synapse.service.deliverer import EACH, Deliverer
from synapse.service.posting import Answer
from synapse.service.retries import DELAYS
from synapse.service.webhooks import WebhookDesk
from synapse.settings import WebhookSettings
from synapse.state.deliveries import Claimed
from synapse.telemetry import metrics
from tests.unit.workbench import Workbench
from tests.waiting import PATIENCE, until

URL = "https://hooks.example.com/x"


def answer(status: int | None = 204, **more: Any) -> Answer:
    return Answer(datetime.now(UTC), 0.01, status, **more)


def desk(bench: Workbench) -> WebhookDesk:
    return WebhookDesk(bench.runtime, OPERATOR)


def hook(bench: Workbench, **more: Any) -> Webhook:
    return desk(bench).create(WebhookRequest.model_validate({"url": URL, **more}))


def states(bench: Workbench, webhook: Webhook) -> list[DeliveryState]:
    return [each.state for each in desk(bench).deliveries(webhook.id).deliveries]


class Receivers:
    """Answers of webhooks, and who was asked."""

    def __init__(self) -> None:
        self.asked: list[Claimed] = []
        self.answers: dict[str, Callable[[], Answer]] = {}

    def __call__(self, claimed: Claimed) -> Answer:
        self.asked.append(claimed)
        return self.answers.get(claimed.webhook, answer)()


@pytest.fixture
def receivers() -> Receivers:
    return Receivers()


@pytest.fixture
def deliverer(bench: Workbench, receivers: Receivers) -> Iterator[Deliverer]:
    made = Deliverer(bench.runtime, WebhookSettings(), receivers)
    yield made
    made.close()


def counted(outcome: str) -> float:
    return float(metrics.WEBHOOK_DELIVERIES.labels(outcome)._value.get())


def test_the_end_of_a_run_is_delivered(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    webhook, before = hook(bench), counted("delivered")
    run = bench.finished(RunRequest(workflow="echo", input={"text": "hello"}))
    assert deliverer() == 1
    until(lambda: states(bench, webhook) == ["delivered"])
    (claimed,) = receivers.asked
    assert (claimed.event, claimed.data["run"], claimed.url) == ("run.completed", run.id, URL)
    detail = desk(bench).delivery(webhook.id, claimed.id)
    assert (detail.body["data"]["state"], [each.status for each in detail.log]) == ("succeeded", [204])
    until(lambda: counted("delivered") == before + 1)
    assert deliverer() == 0


def test_where_nothing_is_due_no_thread_is_started(bench: Workbench, deliverer: Deliverer) -> None:
    hook(bench)
    assert deliverer() == 0
    assert deliverer._thread is None


def test_what_is_not_taken_waits_for_its_next_try(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    webhook, before = hook(bench), counted("retried")
    receivers.answers[webhook.id] = lambda: answer(500, text="oops")
    desk(bench).test(webhook.id)
    deliverer.work()
    (found,) = desk(bench).deliveries(webhook.id).deliveries
    assert (found.state, found.attempts) == (DeliveryState.WAITING, 1)
    assert found.due is not None
    assert 1 < (found.due - datetime.now(UTC)).total_seconds() < 7
    assert counted("retried") == before + 1


def test_a_delivery_is_given_up_after_its_last_try(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    webhook, before = hook(bench), counted("given_up")
    receivers.answers[webhook.id] = lambda: answer(None, error="no answer")
    desk(bench).test(webhook.id)
    for _ in range(len(DELAYS) + 1):
        bench.runtime.database.driver.rows("UPDATE delivery SET due = {now} - 1", {})
        deliverer.work()
    assert states(bench, webhook) == [DeliveryState.FAILED]
    assert (len(receivers.asked), counted("given_up")) == (11, before + 1)


def test_one_that_hangs_holds_up_none_of_the_others(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    hanging, well = hook(bench), [hook(bench) for _ in range(3)]
    go = threading.Event()

    def hang() -> Answer:
        assert go.wait(PATIENCE)
        return answer()

    receivers.answers[hanging.id] = hang
    for _ in range(EACH + 3):
        desk(bench).test(hanging.id)
    for webhook in well:
        for _ in range(EACH + 1):
            desk(bench).test(webhook.id)
    deliverer()
    until(lambda: all(states(bench, webhook) == ["delivered"] * (EACH + 1) for webhook in well))
    # What comes later is delivered, too, while the one still hangs; and of that one there are never more than so many.
    desk(bench).test(well[0].id)
    deliverer()
    until(lambda: states(bench, well[0]) == ["delivered"] * (EACH + 2))
    assert [each.webhook for each in receivers.asked].count(hanging.id) == EACH
    assert states(bench, hanging).count(DeliveryState.WAITING) == EACH + 3
    go.set()
    until(lambda: states(bench, hanging) == ["delivered"] * (EACH + 3))


def test_never_more_are_under_way_than_are_allowed(bench: Workbench, receivers: Receivers) -> None:
    lock, most, now = threading.Lock(), [0], [0]
    together = threading.Barrier(3)

    def counting() -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait(PATIENCE)
        with lock:
            now[0] -= 1
        return answer()

    webhooks = [hook(bench) for _ in range(6)]
    for webhook in webhooks:
        receivers.answers[webhook.id] = counting
        desk(bench).test(webhook.id)
    Deliverer(bench.runtime, WebhookSettings(webhook_concurrency=3), receivers).work()
    assert (most, [states(bench, webhook) for webhook in webhooks]) == ([3], [["delivered"]] * 6)


def test_a_receiver_that_is_gone_is_not_asked_again(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    webhook = hook(bench)
    before = float(metrics.WEBHOOKS_DISABLED.labels("gone")._value.get())
    receivers.answers[webhook.id] = lambda: answer(410)
    desk(bench).test(webhook.id)
    deliverer.work()
    found = desk(bench).get(webhook.id)
    assert (found.enabled, found.disabled_because, states(bench, webhook)) == (False, "gone", ["failed"])
    assert float(metrics.WEBHOOKS_DISABLED.labels("gone")._value.get()) == before + 1
    bench.finished(RunRequest(workflow="echo", input={"text": "hello"}))
    assert deliverer() == 0


def test_a_receiver_that_asks_to_be_left_alone_is(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    webhook = hook(bench)
    receivers.answers[webhook.id] = lambda: answer(503, pause=3600.0)
    desk(bench).test(webhook.id)
    deliverer.work()
    desk(bench).test(webhook.id)
    assert (deliverer(), len(receivers.asked)) == (0, 1)
    paused = desk(bench).get(webhook.id).paused_until
    assert paused is not None
    assert 3500 < (paused - datetime.now(UTC)).total_seconds() < 3601
    waiting = desk(bench).deliveries(webhook.id).deliveries[-1].due
    assert waiting is not None
    assert (waiting - datetime.now(UTC)).total_seconds() > 3500


def test_a_pause_of_a_receiver_that_failed_otherwise_holds_that_delivery_only(
    bench: Workbench, deliverer: Deliverer, receivers: Receivers
) -> None:
    webhook = hook(bench)
    receivers.answers[webhook.id] = lambda: answer(500, pause=3600.0)
    desk(bench).test(webhook.id)
    deliverer.work()
    assert desk(bench).get(webhook.id).paused_until is None


def test_a_database_that_is_away_ends_nothing(
    bench: Workbench, deliverer: Deliverer, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = hook(bench)
    desk(bench).test(webhook.id)
    whole, failed = bench.runtime.database.deliveries.delivered, threading.Event()

    def away(*arguments: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise Unavailable("the database restarts")
        return whole(*arguments)

    monkeypatch.setattr(bench.runtime.database.deliveries, "delivered", away)
    with capture_logs() as logs:
        deliverer()
        assert failed.wait(PATIENCE)
        until(lambda: [line["event"] for line in logs] == ["webhooks.wait"])
    bench.runtime.database.driver.rows("UPDATE delivery SET due = {now} - 1", {})
    deliverer()
    until(lambda: states(bench, webhook) == ["delivered"])
    assert len(receivers.asked) == 2


def test_who_stops_begins_nothing_more_and_records_what_was_under_way(bench: Workbench, deliverer: Deliverer, receivers: Receivers) -> None:
    webhook = hook(bench)
    go, begun = threading.Event(), threading.Event()

    def slow() -> Answer:
        begun.set()
        assert go.wait(PATIENCE)
        return answer()

    receivers.answers[webhook.id] = slow
    for _ in range(EACH):
        desk(bench).test(webhook.id)
    deliverer()
    assert begun.wait(PATIENCE)
    until(lambda: len(receivers.asked) == EACH)
    desk(bench).test(webhook.id)
    closing = threading.Thread(target=deliverer.close)
    closing.start()
    assert deliverer._closed.wait(PATIENCE)
    go.set()
    closing.join(PATIENCE)
    assert sorted(states(bench, webhook)) == ["delivered"] * EACH + ["waiting"]
