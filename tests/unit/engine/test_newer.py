from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from synapse.contracts.run import Failure
from synapse.engine import messages, newer
from synapse.engine.messages import WIRE, WIRE_HEADER
from synapse.errors import Unavailable
from synapse.state.records import Hint
from tests.unit.engine.workshop import Workshop
from tests.unit.state.house import step


def delivery(**headers: Any) -> Any:
    return SimpleNamespace(headers=headers)


def test_our_own_messages_are_not_newer() -> None:
    headers = messages.of_hint(Hint("r1", "a", "echo", "d")).properties["headers"]
    assert headers[WIRE_HEADER] == WIRE
    assert not newer.is_newer(delivery(**headers))
    assert newer.is_newer(delivery(**{**headers, WIRE_HEADER: WIRE + 1}))


def test_the_step_is_told_by_the_tasks_id_alone_and_waits_with_its_tries_untouched(workshop: Workshop, logs: list[Any]) -> None:
    run = workshop.begin(step("a"))
    message = delivery(id=messages.task_id(Hint(run, "a", "echo", "d")))
    assert newer.pass_on(workshop.house.database.ledger, message, "it is of version 9")
    (event,) = [event for event in workshop.house.database.events.of_run(run) if event.name == "step.lost"]
    assert event.data["error"] == {"code": newer.CODE, "message": "no worker can do this step: it is of version 9"}
    assert [line["gave_up"] for line in logs if line["event"] == "message.of_newer_version"] == [False]
    assert workshop.attempt(run, "a") == "succeeded"


def test_a_step_that_nobody_can_do_in_the_end_fails_its_run_with_the_reason(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, rollout_seconds=60.0)
    run = workshop.begin(step("a"))
    workshop.house.long_ago(run, 61.0)
    assert newer.pass_on(workshop.house.database.ledger, delivery(id=f"{run}:a"), "nobody has it")
    assert workshop.house.error(run)["code"] == newer.CODE
    workshop.close()


@pytest.mark.parametrize("known", [None, 7, "", "i", ":a", "r1:", "r1:not a place", "r1"])
def test_a_message_that_does_not_say_which_step_it_is_about_is_not_ours_to_pass_on(known: object) -> None:
    assert not newer.pass_on(SimpleNamespace(), delivery(id=known), "x")  # type: ignore[arg-type]


def test_while_the_database_is_away_the_message_is_spent_and_that_is_logged(logs: list[Any]) -> None:
    def away(run: str, key: str, index: tuple[int, ...], failure: Failure) -> bool:
        raise Unavailable("away")

    assert newer.pass_on(SimpleNamespace(pass_on=away), delivery(id="r1:a"), "x")  # type: ignore[arg-type]
    assert logs[0]["error"] == "away"
