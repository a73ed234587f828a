from __future__ import annotations

from typing import Any

import kombu
import pytest

from synapse.engine.app import SynapseApp
from synapse.engine.reconnecting import PatientConnection


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What kombu is asked for."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(kombu.Connection, "ensure_connection", lambda self, *arguments, **options: found.append(options))
    return found


def test_a_worker_looks_every_few_seconds_whether_the_broker_is_back(asked: list[dict[str, Any]]) -> None:
    SynapseApp(set_as_current=False).connection_for_read("amqp://nowhere").ensure_connection(print, None, callback=print)
    assert [options["interval_max"] for options in asked] == [3.0]


def test_whoever_names_a_pause_gets_it(asked: list[dict[str, Any]]) -> None:
    PatientConnection("amqp://nowhere").ensure_connection(max_retries=1, interval_max=20)
    assert [(options["interval_max"], options["max_retries"]) for options in asked] == [(20, 1)]
