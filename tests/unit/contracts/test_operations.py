from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.operations import QueueList, QueueView


def test_what_the_broker_was_not_asked_is_null_and_not_zero() -> None:
    told = QueueView(name="synapse-search", ready_steps=0, oldest_seconds=0, dead_letters=0).model_dump()
    assert (told["messages"], told["consumers"]) == (None, None)
    assert QueueList(queues=()).unasked is None


def test_what_sql_has_is_always_told() -> None:
    with pytest.raises(ValidationError):
        QueueView.model_validate({"name": "synapse-search", "messages": 1, "consumers": 1})
