"""The engine over real RabbitMQ and PostgreSQL, with worker processes that fail, are killed, and come back."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path

import amqp
import kombu
import pytest

from synapse.contracts.messages import Event
from synapse.contracts.run import Failure
from synapse.engine import topology
from synapse.service.dead_letters import DeadLetterDesk
from synapse.state.records import Hint
from synapse.workflows.program import build
from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.services import RabbitMQ, procfs
from tests.waiting import until

BLOCKING = """
name: blocking
do:
  chain:
    - {step: before, agent: test.work, with: {thing: "'plain-1'", folder: input.folder}}
    - {step: block, agent: test.work, with: {thing: "'blocking-1'", folder: input.folder}}
    - {step: after, agent: test.work, with: {thing: "'plain-2'", folder: input.folder}}
"""
WAITING = "{name: waiting, do: {step: wait, agent: test.wait, with: {thing: \"'w'\", folder: input.folder}}}"


def things(*names: str) -> dict[str, object]:
    return {"things": list(names)}


@pytest.mark.parametrize("pool", [("-P", "threads", "-c", "3"), ("-P", "prefork", "-c", "2"), ("-P", "solo")], ids=lambda pool: pool[1])
def test_a_healthy_run_needs_no_repair_whatever_the_pool(client: Client, workers: WorkerProcesses, pool: tuple[str, ...]) -> None:
    # So long that no hint or lease counts as lost on a busy machine, and a message that is really lost makes the test end without it.
    workers.start(*pool, SYNAPSE_LEASE_SECONDS="300", SYNAPSE_HINT_GRACE_SECONDS="300")
    runs = [client.begin(FAN_OUT, things(*(f"plain-{i}" for i in range(6)))) for _ in range(5)]
    for run in runs:
        ended = client.ended(run)
        assert ended.state == "succeeded"
        assert [done["thing"] for done in ended.output["dones"]] == [f"plain-{i}" for i in range(6)]
        assert [event.seq for event in client.events(run)] == list(range(1, len(client.events(run)) + 1))
    assert set(client.column("hints")) == {0}
    assert set(client.column("lost")) == {0}
    assert set(client.column("attempt")) == {1}
    log = workers.started[0].log.read_text()
    assert "reconciler.repaired" not in log


def test_a_worker_killed_between_claim_and_completion_costs_a_lease_and_nothing_else(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    (first,) = workers.start("-P", "solo")
    run = client.begin(BLOCKING, {})
    until((tmp_path / "started-1").exists, "the step begins")
    first.kill()
    (tmp_path / "go").touch()
    workers.start("-P", "solo")
    ended = client.ended(run)
    assert ended.state == "succeeded"
    attempts = {step.path: step.attempt for step in ended.steps}
    assert attempts["before"] == attempts["after"] == 1
    assert attempts["block"] >= 2
    recorded = [event.step for event in client.events(run, "step.succeeded")]
    assert sorted(recorded) == ["after", "before", "block"]


def test_a_prefork_child_killed_in_mid_step_is_replaced_and_the_step_done_once(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    workers.start("-P", "prefork", "-c", "1")
    run = client.begin(BLOCKING, {})
    until((tmp_path / "started-1").exists, "the step begins")
    parent = workers.started[0].pid
    for pid in procfs.family(parent):
        if pid != parent:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    assert client.ended(run).state == "succeeded"
    assert len(client.events(run, "step.succeeded")) == 3


def test_a_member_that_fails_is_named_and_the_others_go_on(client: Client, workers: WorkerProcesses) -> None:
    workers.start()
    ended = client.ended(client.begin(FAN_OUT, things("plain-1", "broken-1", "plain-2")))
    assert ended.state == "succeeded"
    assert [done["thing"] for done in ended.output["dones"]] == ["plain-1", "plain-2"]
    (skipped,) = ended.output["skipped"]
    assert skipped["item"] == "broken-1"
    assert skipped["error"] == {"code": "permanent", "message": "broken-1 is broken"}


def test_all_members_failing_and_no_members_at_all_both_end(client: Client, workers: WorkerProcesses) -> None:
    workers.start()
    failing, empty = client.begin(FAN_OUT, things("broken-1", "broken-2")), client.begin(FAN_OUT, things())
    assert client.ended(failing).output["dones"] == []
    assert len(client.ended(failing).output["skipped"]) == 2
    assert client.ended(empty).output == {"dones": [], "skipped": []}


def test_a_transient_failure_is_tried_again_on_a_timer_that_holds_no_message(client: Client, workers: WorkerProcesses) -> None:
    workers.start()
    run = client.begin(FAN_OUT, things("unready-1"))
    ended = client.ended(run)
    assert ended.output["dones"] == [{"thing": "unready-1", "attempt": 3}]
    assert len(client.events(run, "step.retrying")) == 2


def test_a_failed_run_resumes_from_its_last_good_steps(client: Client, workers: WorkerProcesses, tmp_path: Path) -> None:
    workers.start()
    definition = BLOCKING.replace("blocking-1", "repairable-1")
    run = client.begin(definition, {})
    ended = client.ended(run)
    assert (ended.state, ended.error) == ("failed", Failure(code="permanent", message="repairable-1 needs repair"))
    (tmp_path / "repaired").touch()
    program = build(client.runtime.database.definitions.of_run(run))
    client.runtime.publisher.hints(client.runtime.database.lifecycle.resume(program, run))
    ended = client.ended(run)
    assert ended.state == "succeeded"
    assert {step.path: step.attempt for step in ended.steps} == {"before": 1, "block": 2, "after": 1}


def test_cancelling_reaches_a_running_step(client: Client, workers: WorkerProcesses, tmp_path: Path) -> None:
    workers.start()
    run = client.begin(WAITING, {})
    until((tmp_path / "waiting").exists, "the step begins")
    assert client.runtime.database.lifecycle.cancel(run, "enough")
    until((tmp_path / "cancelled").exists, "the agent hears of it")
    assert client.run(run).state == "cancelled"
    assert [event.name for event in client.events(run)][-1] == "run.cancelled"


def test_a_run_past_its_deadline_fails_and_its_step_is_stopped(client: Client, workers: WorkerProcesses, tmp_path: Path) -> None:
    workers.start()
    run = client.begin(WAITING, {})
    until((tmp_path / "waiting").exists, "the step begins")
    # As if it had begun long ago: with a deadline of seconds a busy machine may not even begin the step before it.
    client.runtime.database.driver.rows("UPDATE run SET deadline = {in:ago} WHERE id = :run", {"run": run, "ago": -1.0})
    ended = client.ended(run)
    assert (ended.state, ended.error) == ("failed", Failure(code="deadline", message="the run's deadline passed"))
    until((tmp_path / "cancelled").exists, "the agent is stopped")


def test_a_lost_message_is_sent_again(client: Client, workers: WorkerProcesses) -> None:
    run = client.begin(FAN_OUT, things("plain-1"), publish=False)
    client.runtime.database.driver.rows("UPDATE step SET due = {now} WHERE run = :run", {"run": run})
    workers.start()
    assert client.ended(run).state == "succeeded"
    assert 1 in client.column("hints")


def test_a_message_received_many_times_does_its_work_once(client: Client, workers: WorkerProcesses) -> None:
    run = client.begin(FAN_OUT, things("plain-1"), publish=False)
    hint = next(iter(client.runtime.database.driver.rows("SELECT digest FROM run WHERE id = :run", {"run": run})))[0]
    client.runtime.publisher.hints([Hint(run, "list", "test.list", hint)] * 20)
    workers.start("-P", "threads", "-c", "4")
    assert client.ended(run).state == "succeeded"
    assert set(client.column("attempt")) == {1}
    assert len(client.events(run, "step.started")) == 3


def test_every_event_is_published_once_recorded_and_any_amqp_client_can_read_it(
    client: Client, workers: WorkerProcesses, broker_url: str
) -> None:
    with kombu.Connection(broker_url) as connection:
        channel = connection.channel()
        topology.EVENTS(channel).declare()
        queue = kombu.Queue("", topology.EVENTS, routing_key="#", exclusive=True)(channel)
        queue.declare()
        workers.start()
        run = client.begin(FAN_OUT, things("plain-1", "broken-1"))
        client.ended(run)
        wanted = {event.seq: event for event in client.events(run)}
        got: dict[int, Event] = {}

        def all_there() -> bool:
            while (message := queue.get(no_ack=True)) is not None:
                event = Event.model_validate(json.loads(message.body))
                got[event.seq] = event
            return len(got) == len(wanted)

        until(all_there, "all events on the exchange")
    assert got == wanted


@pytest.mark.timeout(360)  # a broker is started anew, and then every lost message must first count as lost
def test_a_broker_that_restarts_or_loses_its_data_loses_no_run(
    client: Client, workers: WorkerProcesses, rabbitmq: RabbitMQ, tmp_path: Path
) -> None:
    workers.start("-P", "threads", "-c", "2")
    runs = [client.begin(FAN_OUT, things(*(f"plain-{i}" for i in range(4)))) for _ in range(20)]
    rabbitmq.wipe()
    runs += [client.begin(FAN_OUT, things("plain-1"))]
    for run in runs:
        assert client.ended(run, seconds=240).state == "succeeded"
        succeeded = [event.step for event in client.events(run, "step.succeeded")]
        assert len(succeeded) == len(set(succeeded))


def test_a_message_that_nobody_understands_is_recorded_and_can_be_sent_again(
    client: Client, workers: WorkerProcesses, broker_url: str
) -> None:
    workers.start("-Q", "synapse-test,synapse-logger")
    with kombu.Connection(broker_url) as connection:
        connection.Producer().publish({"run": "r9", "step": "s"}, routing_key="synapse-test", serializer="json")
    letters, desk = client.runtime.database.dead_letters, DeadLetterDesk(client.runtime)
    until(lambda: letters.count() == 1, "the letter is recorded")
    (first,) = desk.page().letters
    assert (first.queue, first.reason, first.run, first.step) == ("synapse-test", "rejected", "r9", "s")
    desk.requeue(first.id)
    until(lambda: letters.count() == 1, "it died again and is recorded again")
    (second,) = desk.page().letters
    assert second.id != first.id
    desk.drop(second.id)
    assert client.ended(client.begin(FAN_OUT, things("plain-1"))).state == "succeeded"


MALFORMED: dict[str, tuple[bytes, str, dict[str, object]]] = {
    "no id": (b'[["r","s","d"],{},{}]', "application/json", {"task": "synapse.test.work"}),
    "no task": (b"[[],{},{}]", "application/json", {"id": "i"}),
    "unknown task": (b"[[],{},{}]", "application/json", {"id": "i", "task": "synapse.nobody"}),
    "broken json": (b"[[", "application/json", {"id": "i", "task": "synapse.test.work"}),
    "broken json, no task": (b"[[", "application/json", {}),
    "a number": (b"7", "application/json", {"id": "i", "task": "synapse.test.work"}),
    "pickle": (b"cos\nsystem\n", "application/x-python-serialize", {"id": "i", "task": "synapse.test.work"}),
    "unknown type": (b"x", "no/such", {"id": "i", "task": "synapse.test.work"}),
    "time limits": (b'[["r","s","d"],{},{}]', "application/json", {"id": "i", "task": "synapse.test.work", "timelimit": 7}),
    "too many arguments": (b'[["r","s","d","e"],{},{}]', "application/json", {"id": "i", "task": "synapse.test.work"}),
}


@pytest.mark.parametrize("pool", ["solo", "threads", "prefork"])
def test_no_message_however_malformed_ends_a_worker_and_each_becomes_a_dead_letter(
    client: Client, workers: WorkerProcesses, broker_url: str, pool: str
) -> None:
    (worker,) = workers.start("-Q", "synapse-test,synapse-logger", "-P", pool)
    with kombu.Connection(broker_url) as connection:
        for body, kind, headers in MALFORMED.values():
            connection.default_channel.basic_publish_confirm(
                amqp.Message(body, content_type=kind, content_encoding="utf-8", application_headers=headers), routing_key="synapse-test"
            )
    letters = client.runtime.database.dead_letters
    until(lambda: letters.count() == len(MALFORMED), "each is recorded")
    assert client.ended(client.begin(FAN_OUT, things("plain-1"))).state == "succeeded"
    assert worker.running
