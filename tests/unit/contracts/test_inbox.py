from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.inbox import SignedTask, TaskAssign
from synapse.contracts.run import RunRequest


def test_a_task_is_what_a_post_has_and_an_id() -> None:
    task = TaskAssign.model_validate({"type": "task_assign", "id": "a", "question": "Why?", "timeout_seconds": 5})
    assert task.request == RunRequest(question="Why?", timeout_seconds=5)
    assert type(task.request) is RunRequest


@pytest.mark.parametrize(
    "wrong", [{"type": "status_update"}, {}, {"type": "task_assign", "id": "a b"}, {"type": "task_assign", "colour": 1}]
)
def test_another_type_a_bad_id_and_unknown_fields_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TaskAssign.model_validate({"question": "Why?", **wrong})


def test_a_signature_is_64_hexadecimal_digits() -> None:
    with pytest.raises(ValidationError):
        SignedTask(payload="{}", signature="ab")
