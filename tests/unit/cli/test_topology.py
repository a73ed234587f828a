from __future__ import annotations

import json

import pytest

from synapse.service.topology import DriftView, TopologyDesk
from tests.unit.cli.conftest import Command

DRIFT = [DriftView(name="synapse-search", what="differs", detail="inequivalent arg 'x-max-priority'")]


def test_what_is_declared_is_shown(synapse: Command) -> None:
    assert "synapse-search queue x-queue-type=classic" in synapse("topology", "show").out
    assert "synapse.dead" in [each["name"] for each in json.loads(synapse("topology", "show", "--json").out)]


def test_without_a_broker_there_is_nothing_to_declare(synapse: Command) -> None:
    ended = synapse("topology", "declare")
    assert ended.code != 0
    assert "SYNAPSE_BROKER_URL" in ended.err


def test_what_differs_is_named_with_what_to_do_and_is_a_failure(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TopologyDesk, "check", lambda self: DRIFT)
    ended = synapse("topology", "check")
    assert ended.code == 1
    assert "synapse-search: differs: inequivalent arg" in ended.out
    assert "synapse topology declare --replace" in ended.out
    assert json.loads(synapse("topology", "check", "--json").out)[0]["name"] == "synapse-search"
    monkeypatch.setattr(TopologyDesk, "check", lambda self: [])
    ended = synapse("topology", "check")
    assert (ended.code, "as they should be" in ended.out) == (0, True)


def test_declaring_says_what_was_left_and_what_was_replaced(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TopologyDesk, "declare", lambda self, replace: DRIFT)
    assert "left as it is" in synapse("topology", "declare").out
    assert "replaced" in synapse("topology", "declare", "--replace").out
