from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from synapse.contracts.webhook import WebhookEvent, WebhookRequest


def test_by_default_a_webhook_is_told_of_the_ends_of_runs() -> None:
    made = WebhookRequest(url="https://hooks.example.com/x")
    assert (made.enabled, made.events) == (True, {WebhookEvent.RUN_COMPLETED, WebhookEvent.RUN_FAILED, WebhookEvent.RUN_CANCELLED})


@pytest.mark.parametrize(
    ("wrong", "where"),
    [({"events": []}, "events"), ({"events": ["run.started"]}, "events"), ({"url": "x" * 3000}, "url"), ({"uri": "x"}, "uri")],
)
def test_what_cannot_be_is_named(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookRequest.model_validate({"url": "https://hooks.example.com/x", **wrong})
    assert caught.value.errors()[0]["loc"][0] == where
