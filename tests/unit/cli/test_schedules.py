from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import QUESTION, Command

pytestmark = pytest.mark.usefixtures("house")


def test_a_schedule_is_made_shown_paused_resumed_and_deleted(synapse: Command) -> None:
    made = synapse("schedules", "create", "weekly", "--cron", "30 7 * * MON", "--zone", "Europe/Berlin", "--question", QUESTION)
    identifier = made.out.split()[0]
    assert "first due 20" in made.out
    shown = synapse("schedules", "show", identifier)
    assert "30 7 * * MON, Europe/Berlin" in shown.out
    assert "nothing was due yet" in shown.out
    assert identifier in synapse("schedules", "list").out
    assert synapse("schedules", "pause", identifier).out == f"{identifier} paused\n"
    assert json.loads(synapse("schedules", "show", identifier, "--json").out)["paused"] is True
    assert synapse("schedules", "resume", identifier).out.startswith(f"{identifier} next due 20")
    assert synapse("schedules", "delete", identifier).out == f"{identifier} deleted\n"
    gone = synapse("schedules", "show", identifier)
    assert (gone.code, identifier in gone.err) == (1, True)


def test_a_triggered_run_is_on_stdout_and_in_the_history(synapse: Command) -> None:
    options = ("--every", "6h", "--question", QUESTION, "--paused", "--priority", "3", "--catch-up", "all", "--overlap", "allow")
    made = json.loads(synapse("schedules", "create", "six-hourly", *options, "--json").out)
    assert (made["every_seconds"], made["run"]["priority"], made["paused"], made["catch_up"]) == (21_600, 3, True, "all")
    run = synapse("schedules", "trigger", made["id"]).out.strip()
    assert json.loads(synapse("runs", "show", run, "--json").out)["input"]["question"] == QUESTION
    history = json.loads(synapse("schedules", "history", made["id"], "--json").out)
    assert [row["run"] for row in history["firings"]] == [run]
    assert run in synapse("schedules", "history", made["id"]).out
    synapse("schedules", "delete", made["id"])


def test_due_times_are_shown_of_an_expression_and_of_a_schedule(synapse: Command) -> None:
    seen = synapse("schedules", "next", "--cron", "0 12 * * *", "--zone", "Asia/Tokyo", "--count", "2")
    assert [line[10:] for line in seen.out.splitlines()] == [f"T03:00:00Z  {line.split()[1]}" for line in seen.out.splitlines()]
    assert seen.out.count("T12:00:00+09:00") == 2
    made = json.loads(
        synapse("schedules", "create", "noon", "--cron", "0 12 * * *", "--zone", "Asia/Tokyo", "--question", QUESTION, "--json").out
    )
    assert synapse("schedules", "next", made["id"], "--count", "2").out == seen.out
    assert len(json.loads(synapse("schedules", "next", made["id"], "--json").out)["times"]) == 5
    synapse("schedules", "delete", made["id"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("create", "x", "--cron", "nonsense", "--question", "x?"), "cron: no cron expression"),
        (("create", "x", "--every", "soon", "--question", "x?"), "no span of time"),
        (("create", "x", "--cron", "* * * * *", "--start", "soon", "--question", "x?"), "start_at: "),
        (("create", "x", "--cron", "* * * * *", "--input", "{"), "--input: "),
        (("next",), "give a schedule's id"),
        (("next", "x", "--cron", "* * * * *"), "give a schedule's id"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(synapse: Command, options: tuple[str, ...], said: str) -> None:
    ended = synapse("schedules", *options)
    assert ended.code in (1, 2)
    assert said in ended.err
    assert ended.out == ""
