from __future__ import annotations

import json

import pytest

from synapse.client import calls
from synapse.client.errors import ClientError, refusal
from synapse.contracts.run import RunRequest

PROBLEM = b'{"detail": "no"}'


def test_a_question_alone_is_a_request_and_has_a_key_of_its_own() -> None:
    first, second = calls.submit("How do ants find food?", None), calls.submit("How do ants find food?", None)
    assert json.loads(first.content or b"")["question"] == "How do ants find food?"
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_a_key_that_is_given_is_sent_with_the_whole_request() -> None:
    request = RunRequest(workflow="echo", input={"text": "a"}, timeout_seconds=5)
    call = calls.submit(request, "k")
    assert call.headers["Idempotency-Key"] == "k"
    assert RunRequest.model_validate_json(call.content or b"") == request
    assert "question" not in json.loads(call.content or b"")


@pytest.mark.parametrize("name", ["../agents", "a/b", "a?b=c", "a#b", "a b", "..", ""])
def test_whatever_is_given_for_a_run_is_one_segment(name: str) -> None:
    found = calls.path(name)
    assert found.count("/") == 3
    assert not set("?# ") & set(found)
    assert not found.endswith(("/", "/..", "/."))


def test_filters_that_are_none_are_left_out() -> None:
    assert calls.runs(state=None, limit=5, cursor=None).params == {"limit": 5}


@pytest.mark.parametrize(
    ("error", "tried", "pause"),
    [
        (calls.unreachable("u", "refused"), 1, 0.5),
        (calls.unreachable("u", "refused"), 3, 2.0),
        (calls.unreachable("u", "refused"), 4, None),
        (refusal(503, PROBLEM, "5"), 1, 5.0),
        (refusal(429, PROBLEM, "3600"), 1, None),
        (refusal(404, PROBLEM), 1, None),
        (calls.unreachable("u", "refused"), 11, None),
    ],
)
def test_what_passes_is_tried_again_after_a_growing_pause_or_the_one_that_was_asked_for(
    error: ClientError, tried: int, pause: float | None
) -> None:
    assert calls.run("r").pause(tried, 3, error) == pause


def test_what_would_do_something_twice_is_not_repeated() -> None:
    gone = calls.unreachable("u", "refused")
    assert [call.pause(1, 3, gone) for call in (calls.resume("r"), calls.requeue("l"), calls.drop("l"))] == [None, None, None]


def test_a_signal_has_a_key_so_that_it_can_be_sent_again_and_its_name_is_one_segment() -> None:
    call = calls.signal("r", "confirm[2]", {"sum": 5}, None)
    assert (call.method, call.path, json.loads(call.content or b"")) == (
        "POST",
        "/v1/runs/r/signals/confirm%5B2%5D",
        {"payload": {"sum": 5}},
    )
    assert call.headers["Idempotency-Key"] != calls.signal("r", "confirm[2]", {"sum": 5}, None).headers["Idempotency-Key"]
    assert calls.signal("r", "a/b", None, "k").headers["Idempotency-Key"] == "k"
    assert calls.signal("r", "a/b", None, "k").path.count("/") == 5
    assert call.pause(1, 3, calls.unreachable("u", "refused")) is not None


def test_a_decision_says_no_more_than_was_given() -> None:
    assert json.loads(calls.decide("r", "publish", False, None, None).content or b"") == {"payload": {"approved": False}}
    given = calls.decide("r", "publish", True, "Fine.", "ana")
    assert json.loads(given.content or b"") == {"payload": {"approved": True, "comment": "Fine.", "by": "ana"}}
