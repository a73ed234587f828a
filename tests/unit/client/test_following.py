from __future__ import annotations

import pytest

from synapse.client import calls
from synapse.client.errors import Unreachable, WaitedTooLong, refusal
from synapse.client.following import SILENCE, Following, Messages
from tests.unit.client import answers

GONE = calls.unreachable("u", "refused")


def data(seq: int, name: str = "step.started") -> str:
    return answers.event(seq, name).split("data: ")[1].strip()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("synapse.client.following.time.monotonic", lambda: now[0])
    return now


def test_an_event_that_was_there_before_is_not_given_again() -> None:
    following = Following("r", 1, 30)
    assert following.takes(data(1)) is None
    assert [event and event.seq for event in (following.takes(data(2)), following.takes(data(2)), following.takes(data(3)))] == [2, None, 3]
    assert following.headers["Last-Event-ID"] == "3"


def test_only_the_answer_that_nothing_more_comes_ends_it() -> None:
    following = Following("r", 0, 30)
    following.takes(data(1))
    following.closed(200)
    assert following.pause == 0.5
    following.takes(data(2, "run.failed"))
    following.closed(200)
    assert following.pause == 0.0
    following.closed(200)
    assert following.pause == 0.5
    following.closed(204)
    assert following.pause is None


def test_patience_begins_anew_with_every_event(clock: list[float]) -> None:
    following = Following("r", 0, 30)
    for seq in (1, 2):
        following.lost(GONE)
        clock[0] += 29
        following.lost(GONE)
        following.takes(data(seq))
    following.lost(GONE)
    clock[0] += 31
    with pytest.raises(Unreachable):
        following.lost(GONE)


def test_a_refusal_that_does_not_pass_ends_it_and_one_that_passes_does_not() -> None:
    following = Following("r", 0, 30)
    following.lost(refusal(503, b"{}"))
    assert following.pause == 0.5
    missing = refusal(404, b"{}")
    with pytest.raises(type(missing)):
        following.lost(missing)


def test_a_time_limit_bounds_the_silence_and_ends_the_wait(clock: list[float]) -> None:
    assert Following("r", 0, 30).silence == SILENCE
    following = Following("r", 0, 30, within=10)
    assert following.silence == 10
    clock[0] += 9
    following.in_time()
    assert following.silence == 1
    clock[0] += 1
    with pytest.raises(WaitedTooLong, match="10 seconds"):
        following.lost(GONE)
    with pytest.raises(WaitedTooLong):
        following.closed(200)


def test_messages_are_the_data_lines_and_nothing_else() -> None:
    messages = Messages()
    lines = [": keep-alive", "", "retry: 1000", "", "id: 1", "data: one", "data: two", "", "data:three", ""]
    assert [found for line in lines if (found := messages.line(line)) is not None] == ["one\ntwo", "three"]
