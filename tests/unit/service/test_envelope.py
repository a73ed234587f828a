"""What is sent is verified here by the official library."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from synapse.service.envelope import PREFIX, encoded, headers, new_secret, payload

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
DATA = {"run": "r1", "workflow": "research", "code": None}


def test_the_official_library_verifies_what_is_sent() -> None:
    secret, body = new_secret(), encoded(payload("run.completed", AT, DATA, ""))
    sent = headers("d1", datetime.now(UTC), body, [secret])
    assert Webhook(secret).verify(body, sent)["data"]["run"] == "r1"


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_what_was_changed_on_the_way_is_refused_by_it(changed: str) -> None:
    secret, body, now = new_secret(), b'{"a":1}', datetime.now(UTC)
    sent = headers("d1", now, body, [new_secret() if changed == "secret" else secret])
    sent |= {"webhook-id": "d2"} if changed == "webhook-id" else {}
    sent |= {"webhook-timestamp": str(int(now.timestamp()) + 1)} if changed == "webhook-timestamp" else {}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"a":2}' if changed == "body" else body, sent)


def test_while_a_secret_is_changed_over_either_verifies() -> None:
    old, new, body = new_secret(), new_secret(), b"{}"
    sent = headers("d1", datetime.now(UTC), body, [new, old])
    assert len(sent["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(body, sent) == {}


def test_what_was_sent_long_ago_is_refused_by_it() -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(b"{}", headers("d1", datetime.now(UTC) - timedelta(minutes=10), b"{}", [secret]))


def test_a_secret_is_32_random_bytes_behind_its_prefix() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith(PREFIX)
    assert len(base64.b64decode(first.removeprefix(PREFIX))) == 32


def test_what_is_told_are_ids_and_links_and_the_same_bytes_each_time() -> None:
    told = payload("run.failed", AT.astimezone(timezone(timedelta(hours=2))), {**DATA, "code": "deadline"}, "https://synapse.example.com")
    assert told == {
        "type": "run.failed",
        "timestamp": "2026-01-02T03:04:05.678000Z",
        "data": {
            "run": "r1",
            "workflow": "research",
            "code": "deadline",
            "state": "failed",
            "links": {"run": "https://synapse.example.com/v1/runs/r1"},
        },
    }
    assert json.loads(encoded(told)) == told
    assert payload("run.completed", AT, DATA, "")["data"] == {
        "run": "r1",
        "workflow": "research",
        "state": "succeeded",
        "links": {"run": "/v1/runs/r1"},
    }
    assert payload("schedule.refused", AT, {"schedule": "s", "code": "not-found"}, "")["data"]["links"] == {"schedule": "/v1/schedules/s"}


def test_what_answers_is_not_to_be_packed() -> None:
    sent = headers("d1", AT, b"{}", [new_secret()])
    assert (sent["accept-encoding"], sent["content-type"]) == ("identity", "application/json")
    assert sent["webhook-timestamp"] == "1767323045"
