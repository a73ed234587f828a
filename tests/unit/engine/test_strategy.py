from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import InvalidTaskError
from kombu import Message

from synapse.engine import strategy
from synapse.engine.messages import WIRE, WIRE_HEADER

HINT = b'[["r1","a[0]","d1"],{},{"chain":null}]'


def delivery(body: bytes = HINT, content_type: str = "application/json", **headers: Any) -> Message:
    given = {"id": "i1", "task": "synapse.search", "timelimit": [None, None], "eta": None, **headers}
    return Message(body, content_type=content_type, content_encoding="utf-8", headers=given, accept={"json", "application/json"})


@pytest.mark.parametrize("headers", [{}, {"timelimit": None}, {"timelimit": (None, None)}, {"argsrepr": "x", "retries": 0}])
def test_a_hint_has_no_fault(headers: dict[str, Any]) -> None:
    assert strategy.fault_of(delivery(**headers)) is None


@pytest.mark.parametrize(
    "message",
    [
        delivery(id=None), delivery(id=7), delivery(eta="2026-01-01T00:00:00"), delivery(expires="never"), delivery(timelimit=[1, 2]),
        delivery(timelimit="x"), delivery(b"{"), delivery(b"\xff"), delivery(b"7"), delivery(b"null"), delivery(b"[]"),
        delivery(b"[1,2,3]"), delivery(b'{"run": "r1"}'), delivery(b'[["r1","a"],{},{}]'), delivery(b'[["r1","a","d",4],{},{}]'),
        delivery(b'[["r1","a",7],{},{}]'), delivery(b'[["r1","a","d"],{"run":1},{}]'), delivery(b'[{"a":1,"b":2,"c":3},{},{}]'),
        delivery(content_type="application/x-python-serialize"), delivery(content_type="no/such"),
    ],
)  # fmt: skip
def test_anything_else_is_told_apart_and_never_reaches_celerys_own(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[Any] = []
    monkeypatch.setattr(strategy, "default", lambda *_: lambda *given: reached.append(given))
    with pytest.raises(InvalidTaskError):
        strategy.hints_only(SimpleNamespace(), None, None)(message, None, None, None, ())
    assert not reached


@pytest.mark.parametrize(("version", "left"), [(WIRE + 1, True), (WIRE, False), (WIRE - 1, False), (None, False), ("9", False)])
def test_a_message_of_a_newer_version_is_left_to_a_newer_worker_and_spent(
    monkeypatch: pytest.MonkeyPatch, version: object, left: bool
) -> None:
    became: list[str] = []
    monkeypatch.setattr(strategy, "default", lambda *_: lambda *given: became.append("taken"))
    ledger = SimpleNamespace(pass_on=lambda run, key, index, failure: became.append(f"{run} {key} {index} {failure.code}"))
    app = SimpleNamespace(runtime=SimpleNamespace(database=SimpleNamespace(ledger=ledger)))
    hint = delivery(id="r1:a[0]", **{WIRE_HEADER: version})
    hint.ack_log_error = lambda *_: became.append("acked")
    strategy.hints_only(SimpleNamespace(), app, SimpleNamespace(connection_errors=()))(hint, None, None, None, ())
    assert became == (["r1 a (0,) newer-version", "acked"] if left else ["taken"])


def test_a_newer_message_that_does_not_say_which_step_it_is_about_is_given_up_when_it_is_no_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strategy, "default", lambda *_: pytest.fail)
    message = delivery(b"[[],{},{}]", id="somebody", **{WIRE_HEADER: WIRE + 1})
    app = SimpleNamespace(runtime=SimpleNamespace(database=SimpleNamespace(ledger=None)))
    with pytest.raises(InvalidTaskError):
        strategy.hints_only(SimpleNamespace(), app, None)(message, None, None, None, ())


def test_a_hint_goes_on_to_celerys_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "default", lambda *_: lambda message, *_: message)
    hint = delivery()
    assert strategy.hints_only(SimpleNamespace(), None, None)(hint, None, None, None, ()) is hint
