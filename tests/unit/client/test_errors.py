from __future__ import annotations

from datetime import UTC, datetime

import pytest

from synapse import errors
from synapse.client.errors import (
    ClientError,
    Conflict,
    Failed,
    Invalid,
    NotFound,
    Refused,
    RunFailed,
    TooMany,
    Unauthorised,
    Unreachable,
    WaitedTooLong,
    refusal,
)
from synapse.contracts.run import RunDetail, RunState

PROBLEM = b'{"detail": "too short", "code": "invalid-input", "field": "input.question", "remedy": "ask more", "hint": 1}'


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, Invalid) for status in (400, 413, 415, 422)),
        *((status, Unauthorised) for status in (401, 403, 421)),
        *((404, NotFound), (409, Conflict), (429, TooMany), (500, Failed), (503, Failed)),
    ],
)
def test_each_status_is_a_kind_of_refusal(status: int, kind: type[Refused]) -> None:
    error = refusal(status, PROBLEM)
    assert type(error) is kind
    assert error.status == status
    assert error.retryable is (status in (429, 503))


def test_a_refusal_carries_the_whole_problem_and_what_it_named() -> None:
    error = refusal(400, PROBLEM)
    assert (error.code, error.detail, error.field, error.remedy) == ("invalid-input", "too short", "input.question", "ask more")
    assert error.problem.model_extra == {"hint": 1}
    assert str(error) == "input.question: too short (ask more)"


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b""])
def test_an_answer_that_is_no_problem_is_told_by_its_number(content: bytes) -> None:
    error = refusal(502, content)
    assert (error.detail, error.code) == ("the API answered 502", "unknown")


@pytest.mark.parametrize(("said", "seconds"), [("7", 7.0), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)])
def test_how_long_to_stay_away_is_read_where_it_is_a_number(said: str | None, seconds: float | None) -> None:
    assert refusal(429, PROBLEM, said).retry_after == seconds


def test_a_missing_token_is_named_by_its_variable() -> None:
    assert "SYNAPSE_API_TOKEN" in (refusal(401, PROBLEM).remedy or "")


def test_who_catches_the_errors_of_the_package_catches_those_of_the_client() -> None:
    for kind, base in (
        (Unreachable, errors.Unavailable),
        (NotFound, errors.NotFound),
        (Conflict, errors.Conflict),
        (Invalid, errors.InvalidInput),
    ):
        assert issubclass(kind, base)
        assert issubclass(kind, ClientError)
    assert issubclass(WaitedTooLong, TimeoutError)


def test_a_run_that_failed_says_why_and_one_that_was_cancelled_says_that() -> None:
    run = RunDetail(
        id="r", workflow="w", state=RunState.FAILED, input={}, created_at=datetime.now(UTC), error={"code": "x", "message": "broke"}
    )
    assert str(RunFailed(run)) == "run r failed: broke"
    assert str(RunFailed(run.model_copy(update={"state": RunState.CANCELLED, "error": None}))) == "run r is cancelled"
