from __future__ import annotations

import json

import pytest

from synapse.cli.house import House
from tests.unit.cli.conftest import Command


@pytest.mark.usefixtures("house")
def test_queues_are_shown_and_told_as_json(synapse: Command) -> None:
    assert "synapse-search" in synapse("queues").out
    found = json.loads(synapse("queues", "--json").out)
    assert "synapse-search" in [each["name"] for each in found["queues"]]


def test_without_a_broker_there_are_no_workers_to_ask_and_it_says_why(house: House, synapse: Command) -> None:
    ended = synapse("workers")
    assert (ended.code, ended.out) == (0, "no workers: there is no broker: messages stay in the process, and so do its workers\n")
    assert json.loads(synapse("workers", "--json").out)["workers"] == []
