from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker.control import Panel
from pydantic import SecretStr

from synapse import __version__
from synapse.engine import roll_call
from synapse.engine.app import create_app
from synapse.engine.runtime import Runtime
from synapse.errors import Unavailable
from synapse.settings import BrokerSettings

# With workers: tests/integration/engine/test_operations.py.


def test_a_worker_of_the_application_answers_with_its_card() -> None:
    app = create_app(Runtime(broker=BrokerSettings(broker_url=SecretStr("amqp://u:p@127.0.0.1:1//"))), set_as_current=False)
    worker = app.WorkController(pool_cls="threads", concurrency=3)
    state: Any = SimpleNamespace(app=app, consumer=SimpleNamespace(controller=worker, task_consumer=None))
    told = Panel.data["synapse_card"](state)
    assert (told["version"], told["pool"], told["slots"], told["busy"], told["queues"]) == (__version__, "threads", 3, 0, [])
    assert told["stopping"] is False
    app.runtime.stopping.ask()
    assert Panel.data["synapse_card"](state)["stopping"] is True


def test_an_answer_that_is_no_card_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert roll_call._read("a", {"error": "no such command"}) is None
    assert roll_call._read("a", None) is None


def test_a_broker_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        roll_call.call("amqp://u:p@127.0.0.1:1//")
