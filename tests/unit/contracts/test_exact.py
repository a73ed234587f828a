from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from synapse.contracts.api_key import KeyRequest
from synapse.contracts.exact import Flag, Number, Whole
from synapse.contracts.run import RunRequest
from synapse.contracts.schedule import ScheduleRequest
from synapse.contracts.waits import Decision
from synapse.contracts.webhook import RotateSecretRequest, WebhookRequest


class Asked(BaseModel):
    """One of each."""

    flag: Flag = False
    number: Number = 0.0
    whole: Whole = 0


@pytest.mark.parametrize("given", [{"flag": True}, {"number": 1}, {"number": 1.5}, {"whole": 5}, {"whole": 5.0}])
def test_what_json_means_is_taken(given: dict[str, Any]) -> None:
    ((name, value),) = given.items()
    assert getattr(Asked.model_validate(given), name) == value


@pytest.mark.parametrize(
    "given",
    [{"flag": 1}, {"flag": "true"}, {"number": True}, {"number": "1"}, {"whole": False}, {"whole": "5"}, {"whole": 5.5}],
)
def test_what_only_stands_for_it_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate(given)


_HOOK = {"url": "https://hooks.example.com/synapse"}
_TIMING = {"name": "nightly", "every_seconds": 60, "run": {"question": "What is new?"}}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (WebhookRequest, {**_HOOK, "enabled": 0}),
        (RotateSecretRequest, {"overlap_seconds": False}),
        (ScheduleRequest, {**_TIMING, "paused": 1}),
        (ScheduleRequest, {**_TIMING, "every_seconds": True}),
        (RunRequest, {"question": "x", "timeout_seconds": True}),
        (RunRequest, {"question": "x", "priority": "5"}),
        (KeyRequest, {"name": "x", "expires_in_days": True}),
        (Decision, {"approved": "yes"}),
    ],
)
def test_requests_are_made_of_such_values(model: type[BaseModel], given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(given)
