from __future__ import annotations

from collections.abc import Iterator

import kombu
import pytest

from synapse.engine import drift, topology
from tests.unit.engine.fake_amqp import FakeBroker, FakeConnection

# Looking and replacing need a broker that compares: tests/integration/engine/test_topology.py.


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def connection(broker: FakeBroker) -> Iterator[FakeConnection]:
    made = FakeConnection(broker)
    yield made
    made.close()


def test_what_differs_is_returned_and_the_rest_declared(broker: FakeBroker, connection: FakeConnection) -> None:
    broker.refuses_queue = "synapse-a"
    (found,) = drift.ensure(connection, ["synapse-a", "synapse-b"])
    assert (found.name, found.what) == ("synapse-a", "differs")
    assert "PRECONDITION_FAILED" in found.detail
    assert broker.queues == {"synapse-dead", "synapse-b"}


def test_what_is_wanted_is_told_with_its_arguments() -> None:
    names = [each.name for each in drift.wanted(["synapse-a"], "quorum")]
    assert names == ["synapse.events", "synapse.dead", "synapse-dead", "synapse-a"]
    assert drift.wanted(["synapse-a"], "quorum")[-1].arguments["x-delivery-limit"] == topology.DELIVERY_LIMIT


def test_a_kept_queue_over_memory_is_a_plain_one() -> None:
    with kombu.Connection("memory://") as connection, connection.channel() as channel:
        drift.KeptQueue.of(topology.step_queue("synapse-a"))(channel).declare()
        assert channel._size("synapse-a") == 0


def test_a_kept_queue_that_differs_leaves_the_channel_open(broker: FakeBroker, connection: FakeConnection) -> None:
    channel = connection.channel()
    broker.refuses_queue = "synapse-a"
    assert drift.KeptQueue.of(topology.step_queue("synapse-a"))(channel).declare() == "synapse-a"
    assert drift.KeptQueue.of(topology.step_queue("synapse-b"))(channel).declare() == "synapse-b"
    assert broker.queues == {"synapse-b"}
