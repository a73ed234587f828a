from __future__ import annotations

import pytest
from pydantic import SecretStr

from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, Unavailable
from synapse.service.topology import TopologyDesk
from synapse.settings import BrokerSettings

# With a broker: tests/integration/engine/test_topology.py.


def test_what_is_declared_is_shown_without_a_broker() -> None:
    shown = {each.name: each for each in TopologyDesk(Runtime(broker=BrokerSettings(queue_type="quorum"))).show()}
    assert shown["synapse.events"].kind == "topic exchange"
    assert shown["synapse-search"].arguments["x-queue-type"] == "quorum"


def test_embedded_there_is_nothing_to_declare() -> None:
    desk = TopologyDesk(Runtime(broker=BrokerSettings(broker_url=None)))
    for ask in (desk.check, desk.declare):
        with pytest.raises(InvalidInput, match="no broker"):
            ask()


def test_a_broker_that_does_not_answer_is_unavailable() -> None:
    desk = TopologyDesk(Runtime(broker=BrokerSettings(broker_url=SecretStr("amqp://u:p@127.0.0.1:1//"))))
    with pytest.raises(Unavailable):
        desk.check()
