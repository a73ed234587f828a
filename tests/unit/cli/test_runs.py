from __future__ import annotations

import json

import pytest

from synapse.cli.house import House
from synapse.contracts.messages import Event
from tests.unit.cli.conftest import QUESTION, Command


@pytest.fixture
def run(house: House, synapse: Command) -> str:
    return synapse("research", QUESTION, "--corpus", "insects", "--detach").out.strip()


def test_a_run_is_watched_listed_and_shown(synapse: Command, run: str) -> None:
    assert synapse("runs", "watch", run).code == 0
    assert run in synapse("runs", "list", "--state", "succeeded").out
    shown = synapse("runs", "show", run)
    assert "fact_check" in shown.out
    assert json.loads(synapse("runs", "show", run, "--json").out)["state"] == "succeeded"
    assert json.loads(synapse("runs", "list", "--limit", "1", "--json").out)["runs"]


def test_watched_as_json_it_is_its_events_line_by_line(synapse: Command, run: str) -> None:
    watched = synapse("runs", "watch", run, "--json", "--after", "1")
    events = [Event.model_validate_json(line) for line in watched.out.splitlines()]
    assert [event.seq for event in events] == list(range(2, len(events) + 2))
    assert events[-1].name == "run.succeeded"


def test_a_run_that_has_ended_stays_as_it_is_and_cannot_be_resumed(synapse: Command, run: str) -> None:
    synapse("runs", "watch", run)
    assert synapse("runs", "cancel", run).out == f"{run} succeeded\n"
    ended = synapse("runs", "resume", run)
    assert ended.code == 1
    assert "error: the run is succeeded" in ended.err


def test_a_run_that_did_not_succeed_is_exit_code_3(house: House, synapse: Command) -> None:
    run = synapse("research", QUESTION, "--corpus", "no-such-corpus", "--detach").out.strip()
    assert synapse("runs", "cancel", run, "--reason", "enough").code == 0
    assert synapse("runs", "watch", run).code in (0, 3), "it may have ended before it was cancelled"


def test_a_run_that_there_is_not_is_an_error(house: House, synapse: Command) -> None:
    ended = synapse("runs", "cancel", "nobody")
    assert ended.code == 1
    assert "there is no run 'nobody'" in ended.err
