from __future__ import annotations

import pytest
from pydantic import SecretStr

from synapse.contracts.run import RunRequest
from synapse.engine import roll_call
from synapse.engine.depths import Depth
from synapse.engine.roll_call import Card
from synapse.errors import Unavailable
from synapse.service import operations
from synapse.settings import BrokerSettings
from tests.unit.dead import DIED, corpse
from tests.unit.workbench import Workbench

BROKER = BrokerSettings(broker_url=SecretStr("amqp://u:p@127.0.0.1:1//"))


def test_embedded_sql_tells_and_nobody_is_asked(bench: Workbench) -> None:
    run = bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run
    queue = bench.service.agent(run.steps[0].agent).queue
    bench.service.runtime.database.dead_letters.record([corpse(b"1", queue=queue)], DIED)
    found = bench.service.operations.queues()
    names = [each.name for each in found.queues]
    assert (names, "no broker" in str(found.unasked)) == (sorted(bench.service.runtime.registry.queues()), True)
    (mine,) = [each for each in found.queues if each.name == queue]
    assert (mine.messages, mine.consumers, mine.ready_steps, mine.dead_letters) == (None, None, 1, 1)
    crew = bench.service.operations.workers()
    assert (crew.workers, "no broker" in str(crew.unasked)) == ((), True)


def test_what_the_broker_counts_stands_beside_what_sql_has(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.service.runtime, "broker", BROKER)
    first, *others = sorted(bench.service.runtime.registry.queues())
    monkeypatch.setattr(operations, "depths", lambda url, names: {name: Depth(7, 2) for name in names if name == first})
    found = bench.service.operations.queues()
    assert found.unasked is None
    assert [(each.messages, each.consumers) for each in found.queues] == [(7, 2), *[(None, None)] * len(others)]


def test_without_the_broker_sql_still_tells_and_of_workers_nobody_can(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.service.runtime, "broker", BROKER)
    found = bench.service.operations.queues()
    assert "does not answer" in str(found.unasked)
    assert len(found.queues) == len(bench.service.runtime.registry.queues())
    with pytest.raises(Unavailable):
        bench.service.operations.workers()


def test_workers_are_told_as_they_tell_of_themselves(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.service.runtime, "broker", BROKER)
    card = Card("celery@a", 7, "1.0", "threads", 4, 1, ("synapse-search",), 12.5, stopping=True)
    monkeypatch.setattr(roll_call, "call", lambda url: [card])
    (worker,) = bench.service.operations.workers().workers
    assert (worker.name, worker.slots, worker.busy, worker.queues, worker.stopping) == ("celery@a", 4, 1, ("synapse-search",), True)
