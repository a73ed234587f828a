from __future__ import annotations

import json

import pytest

from synapse.cli.choosing import chosen
from synapse.cli.exits import Usage
from synapse.cli.filters import Filters
from synapse.cli.house import House
from tests.unit.cli.conftest import QUESTION, Command


def test_ids_are_asked_for_a_few_hundred_at_a_time() -> None:
    assert [len(each["ids"]) for each in chosen([str(number) for number in range(450)], False, {}).requests()] == [200, 200, 50]


def test_a_filter_is_asked_for_until_there_is_no_next() -> None:
    wanted = chosen(None, True, {"state": ["running"], "created_after": "2026-01-01T00:00:00Z", "label": None})
    requests = wanted.requests()
    assert next(requests)["filter"] == {"state": ["running"], "created_after": "2026-01-01T00:00:00Z"}
    wanted.next = "more"
    assert next(requests)["cursor"] == "more"
    wanted.next = None
    assert list(requests) == []


@pytest.mark.parametrize(
    ("ids", "all_matching", "filters"),
    [
        ([], False, {}),
        (["a"], True, {"state": ["running"]}),
        (None, True, {}),
        (["a"], False, {"search": "x"}),
        (None, True, {"state": ["odd"]}),
    ],
)
def test_nothing_and_everything_are_not_chosen_by_oversight(ids: list[str], all_matching: bool, filters: Filters) -> None:
    with pytest.raises(Usage):
        chosen(ids, all_matching, filters)


def test_runs_are_labelled_found_and_cancelled_together(house: House, synapse: Command) -> None:
    runs = [synapse("research", QUESTION, "--corpus", "insects", "--label", "batch:cli", "--detach").out.strip() for _ in range(2)]
    assert synapse("runs", "label", runs[0], "batch", "kept:yes").out == f"{runs[0]} kept:yes\n"
    found = json.loads(synapse("runs", "list", "--label", "batch:cli", "--search", "ANTS fo*", "--json").out)["runs"]
    assert [run["id"] for run in found] == [runs[1]]
    ended = synapse("runs", "cancel", "--all-matching", "--label", "batch:cli", "--json")
    assert ended.code == 0
    assert {json.loads(line)["id"] for line in ended.out.splitlines()} <= {runs[1]}, "it may have ended before"
    several = synapse("runs", "cancel", *runs, "nobody")
    assert (several.code, several.out.splitlines()[2].split()[:3]) == (1, ["nobody", "refused", "-"])


def test_what_is_no_label_is_used_wrongly(synapse: Command, nowhere: None) -> None:
    ended = synapse("research", QUESTION, "--label", "Team:x")
    assert ended.code == 2
    assert "labels" in ended.err


def test_steps_are_listed_and_one_is_shown_with_its_attempts(house: House, synapse: Command) -> None:
    run = synapse("research", QUESTION, "--corpus", "insects", "--detach").out.strip()
    synapse("runs", "watch", run)
    assert "fact_check" in synapse("runs", "steps", run).out
    assert json.loads(synapse("runs", "steps", run, "--agent", "extraction", "--json").out)["steps"][0]["path"] == "read[0]"
    assert "attempts" in json.loads(synapse("runs", "step", run, "plan", "--json").out)
    assert "subquestions" in synapse("runs", "step", run, "plan").out
