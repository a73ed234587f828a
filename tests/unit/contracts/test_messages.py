from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from synapse.contracts.messages import SCHEMA_VERSION, Event, MessageType

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_topic_has_one_part_for_the_agent_whatever_its_name() -> None:
    event = Event(run="r", seq=1, at=AT, type=MessageType.STATUS_UPDATE, name="step.started", agent="search.rank")
    assert event.routing_key == "status_update.search-rank.step.started"
    assert Event(run="r", seq=1, at=AT, type=MessageType.TASK_ASSIGN, name="run.created").routing_key == "task_assign.run.run.created"


def test_an_event_says_its_version_and_survives_json() -> None:
    event = Event(run="r", seq=3, at=AT, type=MessageType.DATA_SUBMIT, name="step.succeeded", data={"next": ["a[1]"]})
    assert event.schema_version == SCHEMA_VERSION
    assert Event.model_validate_json(event.model_dump_json()) == event


def test_numbers_count_from_one() -> None:
    with pytest.raises(ValidationError, match="seq"):
        Event(run="r", seq=0, at=AT, type=MessageType.TASK_ASSIGN, name="x")
