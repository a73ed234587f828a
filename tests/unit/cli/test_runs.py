from __future__ import annotations

import json
from pathlib import Path

import pytest

from synapse.cli.client import Api
from synapse.cli.house import House
from synapse.contracts.messages import Event
from synapse.contracts.run import RunRequest
from synapse.service.catalog import Catalog
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


@pytest.fixture
def asking(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that waits for two approvals, one after the other, and then for data."""
    text = "{name: asking, do: {chain: [{group: [{approval: one}, {approval: two}]}, {approval: three}, {wait_for: paid}]}}"
    (tmp_path / "asking.yaml").write_text(text)
    monkeypatch.setattr(Catalog, "_files", lambda self: [tmp_path / "asking.yaml"])
    with Api.from_settings() as api:
        return api.submit(RunRequest(workflow="asking")).id


def test_a_run_that_waits_is_answered_until_it_has_all_that_it_asked_for(synapse: Command, asking: str, tmp_path: Path) -> None:
    assert f"synapse runs approve {asking} one" in synapse("runs", "show", asking).out
    several = synapse("runs", "approve", asking)
    assert (several.code, "name one of them: one, two" in several.err) == (2, True)
    assert synapse("runs", "approve", asking, "one", "--comment", "Fine.", "--by", "ana").out == "one taken by one\n"
    assert synapse("runs", "approve", asking).out == "two taken by two\n"
    assert json.loads(synapse("runs", "approve", asking, "--json").out)["step"] == "three"
    nothing = synapse("runs", "approve", asking)
    assert (nothing.code, "waits for no approval" in nothing.err) == (2, True)
    (tmp_path / "paid.json").write_text('{"sum": 5}')
    assert synapse("runs", "signal", asking, "paid", "--data", f"@{tmp_path / 'paid.json'}").out == "paid taken by paid\n"
    output = json.loads(synapse("runs", "show", asking, "--json").out)["output"]
    assert (output["payload"], output["by"]) == ({"sum": 5}, "operator")


def test_a_rejected_run_fails_and_says_by_whom(synapse: Command, asking: str) -> None:
    assert synapse("runs", "reject", asking, "two", "--comment", "Not yet.").code == 0
    watched = synapse("runs", "watch", asking)
    assert (watched.code, "operator rejected it: Not yet." in watched.err) == (3, True)
    late = synapse("runs", "signal", asking, "paid", "--data", "5")
    assert (late.code, "the run is failed" in late.err) == (1, True)


@pytest.mark.parametrize("data", ["{paid: true}", "@/nowhere.json"])
def test_a_payload_that_is_no_json_is_a_mistake_of_use(synapse: Command, data: str) -> None:
    ended = synapse("runs", "signal", "r", "paid", "--data", data)
    assert (ended.code, "--data" in ended.err) == (2, True)


def test_a_signal_may_be_early_and_have_no_payload(synapse: Command, asking: str) -> None:
    assert synapse("runs", "signal", asking, "paid", "--key", "k").out == "paid kept until a step waits for it\n"
    assert synapse("runs", "signal", asking, "paid", "--key", "k").code == 0


def test_a_run_of_any_workflow_is_started_watched_and_its_output_printed(
    house: House, synapse: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "part.yaml").write_text("{name: part, do: {step: plan, agent: orchestrator, with: {question: input.question}}}")
    monkeypatch.setattr(Catalog, "_files", lambda self: [tmp_path / "part.yaml"])
    given = f'{{"question": "{QUESTION}"}}'
    started = synapse("runs", "start", "part", "--input", given, "--label", "team:sales")
    assert (started.code, "subquestions" in json.loads(started.out)) == (0, True)
    run = json.loads(synapse("runs", "start", "part", "--input", given, "--json").out)
    assert (run["workflow"], run["state"]) == ("part", "succeeded")
    failed = synapse("runs", "start", "part", "--input", "{}")
    assert (failed.code, failed.out) == (3, "")
    assert synapse("runs", "start", "part", "--input", "{").code == 2
    assert synapse("runs", "start", "nothing").code == 1
