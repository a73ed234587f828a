from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from synapse.cli.client import Api, Refused, messages
from synapse.cli.exits import Unreachable
from synapse.contracts.messages import Event, MessageType
from synapse.contracts.run import RunDetail, RunState

Handler = Callable[[httpx.Request], httpx.Response]


def _api(handler: Handler, token: str | None = None) -> Api:
    return Api("http://api.test/", token, transport=httpx.MockTransport(handler))


def _event(seq: int, name: str) -> str:
    event = Event(run="r", seq=seq, at=datetime.now(UTC), type=MessageType.STATUS_UPDATE, name=name)
    return f"id: {seq}\nevent: {name}\ndata: {event.model_dump_json()}\n\n"


def _run(state: RunState) -> httpx.Response:
    run = RunDetail(id="r", workflow="w", state=state, input={}, created_at=datetime.now(UTC))
    return httpx.Response(200, content=run.model_dump_json())


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.cli.client.time.sleep", lambda seconds: None)


def test_a_stream_that_breaks_is_taken_up_after_the_last_event() -> None:
    asked: list[str] = []

    class Breaks(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield _event(1, "run.created").encode()
            raise httpx.ReadError("gone")

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["last-event-id"])
        if len(asked) == 1:
            return httpx.Response(200, stream=Breaks())
        return httpx.Response(200, text=_event(2, "step.started") + _event(3, "run.succeeded"))

    with _api(answer) as api:
        assert [event.seq for event in api.follow("r")] == [1, 2, 3]
    assert asked == ["0", "1"]


def test_a_stream_that_ends_too_early_is_opened_again_while_the_run_goes_on() -> None:
    answers = iter([_event(1, "run.created"), _event(2, "run.failed")])

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=next(answers)) if request.url.path.endswith("/events") else _run(RunState.RUNNING)

    with _api(answer) as api:
        assert [event.name for event in api.follow("r")] == ["run.created", "run.failed"]


def test_nothing_more_of_a_run_that_is_over_ends_it() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(204) if request.url.path.endswith("/events") else _run(RunState.SUCCEEDED)

    with _api(answer) as api:
        assert list(api.follow("r", after=9)) == []


def test_an_api_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("synapse.cli.client.time.monotonic", lambda: next(clock))

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with _api(answer) as api, pytest.raises(Unreachable, match="does not answer"):
        list(api.follow("r"))


def test_a_problem_becomes_an_error_with_its_field_and_remedy() -> None:
    problem = {"detail": "too short", "code": "invalid-input", "field": "input.question", "remedy": "ask more"}
    with _api(lambda request: httpx.Response(400, json=problem)) as api, pytest.raises(Refused) as caught:
        api.run("r")
    error = caught.value
    assert (error.status, error.code, error.field, error.remedy) == (400, "invalid-input", "input.question", "ask more")


@pytest.mark.parametrize("content", ["<html>", "[]", "{}"])
def test_an_answer_that_is_no_problem_is_told_by_its_number(content: str) -> None:
    with _api(lambda request: httpx.Response(502, text=content)) as api, pytest.raises(Refused, match="502"):
        api.runs()


def test_what_is_another_server_is_said_to_be_one() -> None:
    with _api(lambda request: httpx.Response(200, json={"hello": 1})) as api, pytest.raises(Unreachable, match="not this API"):
        api.run("r")


def test_an_address_that_is_none_is_named() -> None:
    with Api("not an address") as api, pytest.raises(Unreachable):
        api.runs()


def test_the_token_goes_along_and_a_missing_one_is_named() -> None:
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(401, json={"detail": "a valid bearer token is needed", "code": "unauthorized"})

    with _api(answer, "secret") as api, pytest.raises(Refused) as caught:
        api.runs()
    assert seen == ["Bearer secret"]
    assert "SYNAPSE_API_TOKEN" in (caught.value.remedy or "")


@pytest.mark.parametrize("run", ["../agents", "a/b", "a?b=c", "a#b", "a b"])
def test_whatever_is_typed_for_a_run_asks_for_a_run(run: str) -> None:
    seen: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(404, json={"detail": "no", "code": "not-found"})

    with _api(answer) as api, pytest.raises(Refused):
        api.run(run)
    assert seen[0].raw_path.startswith(b"/v1/runs/")
    assert seen[0].raw_path.count(b"/") == 3
    assert not seen[0].query


def test_messages_are_the_data_lines_and_nothing_else() -> None:
    lines = [": keep-alive", "", "retry: 1000", "", "id: 1", "data: one", "data: two", "", "data:three", ""]
    assert list(messages(iter(lines))) == ["one\ntwo", "three"]
