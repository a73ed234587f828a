from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from synapse.client import Client, NotFound, RunFailed, RunState, Unreachable, WaitedTooLong
from synapse.contracts.run import RunPage, RunRequest, RunView
from tests.unit.client import answers

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, token: str | None = None, **options: float) -> Client:
    return Client("http://api.test/", token, transport=httpx.MockTransport(handler), **options)  # type: ignore[arg-type] # retries is one


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("synapse.client.blocking.time.sleep", slept.append)
    return slept


def streaming(*streams: httpx.Response, state: RunState = RunState.RUNNING, asked: list[str] | None = None) -> Handler:
    """Answers for the stream in order, then that there is no more; and the run."""
    left = list(streams)

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return answers.run(state)
        if asked is not None:
            asked.append(request.headers["last-event-id"])
        return left.pop(0) if left else httpx.Response(204)

    return answer


def test_a_stream_that_breaks_is_taken_up_after_the_last_event() -> None:
    asked: list[str] = []
    streams = (
        httpx.Response(200, stream=answers.Breaks(answers.event(1, "run.created"))),
        httpx.Response(200, text=answers.event(1, "run.created") + answers.event(2, "step.started") + answers.event(3, "run.succeeded")),
    )
    with client(streaming(*streams, asked=asked)) as api:
        assert [event.seq for event in api.stream("r")] == [1, 2, 3]
    assert asked == ["0", "1", "3"]


def test_a_stream_that_a_stopping_server_ends_is_taken_up_though_the_run_has_ended_meanwhile() -> None:
    streams = (httpx.Response(200, text=answers.event(1, "run.created")), httpx.Response(200, text=answers.event(2, "run.failed")))
    with client(streaming(*streams, state=RunState.FAILED)) as api:
        assert [event.name for event in api.stream("r")] == ["run.created", "run.failed"]


def test_a_run_that_was_resumed_is_followed_beyond_its_first_end() -> None:
    text = "".join(answers.event(seq, name) for seq, name in enumerate(("run.created", "run.failed", "run.resumed", "run.succeeded"), 1))
    with client(streaming(httpx.Response(200, text=text))) as api:
        assert [event.seq for event in api.stream("r")] == [1, 2, 3, 4]


def test_an_api_that_stays_away_is_given_up() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with client(answer, patience=0) as api, pytest.raises(Unreachable, match="does not answer"):
        list(api.stream("r"))
    with client(answer) as api, pytest.raises(Unreachable, match="does not answer"):
        api.run("r")


def test_a_submit_whose_answer_was_lost_is_sent_again_with_the_same_key(pauses: list[float]) -> None:
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) < 3:
            raise httpx.ReadError("gone")
        return answers.run()

    with client(answer) as api:
        assert api.submit(RunRequest(question="Why?")).id == "r"
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert pauses == [0.5, 1.0]


def test_a_stream_of_no_run_is_refused_at_once(pauses: list[float]) -> None:
    with client(lambda request: httpx.Response(404, json={"detail": "there is no run"})) as api, pytest.raises(NotFound, match="no run"):
        list(api.stream("r"))
    assert pauses == [0.0]


def test_what_is_another_server_is_said_to_be_one() -> None:
    with client(lambda request: httpx.Response(200, json={"hello": 1})) as api, pytest.raises(Unreachable, match="not this API"):
        api.run("r")
    with client(streaming(httpx.Response(200, text="data: {}\n\n"))) as api, pytest.raises(Unreachable, match="not this API"):
        list(api.stream("r"))


@pytest.mark.parametrize("url", ["not an address", "http://[::1", "http://a:b"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(Unreachable), Client(url, retries=0) as api:
        api.runs()


def test_the_token_goes_along_and_that_of_the_environment_to_no_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_API_URL", "http://mine.test")
    monkeypatch.setenv("SYNAPSE_API_TOKEN", "environment-token")
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return answers.run()

    for made in (client(answer, "secret"), client(answer), Client(transport=httpx.MockTransport(answer))):
        with made as api:
            api.run("r")
    assert seen == ["Bearer secret", None, "Bearer environment-token"]


def test_waiting_gives_the_run_once_it_has_ended() -> None:
    states = iter([RunState.RUNNING, RunState.RUNNING, RunState.SUCCEEDED])
    text = answers.event(1, "run.failed") + answers.event(2, "run.succeeded")

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=text) if request.url.path.endswith("/events") else answers.run(next(states))

    with client(answer) as api:
        assert api.wait("r").state is RunState.SUCCEEDED


def test_a_run_that_failed_is_an_error_unless_that_is_not_wanted() -> None:
    with client(lambda request: answers.run(RunState.FAILED, "it broke")) as api:
        with pytest.raises(RunFailed, match="it broke") as caught:
            api.wait("r")
        assert caught.value.run.id == "r"
        assert api.wait("r", check=False).state is RunState.FAILED


def test_waiting_ends_with_its_time() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            raise httpx.ReadTimeout("silence")
        return answers.run()

    with client(answer) as api, pytest.raises(WaitedTooLong, match="had not ended"):
        api.wait("r", timeout=0)


def test_every_run_is_had_page_by_page() -> None:
    one = RunView(id="r", workflow="w", state=RunState.FAILED, input={}, created_at=answers.NOW)
    pages = {None: RunPage(runs=(one,), next="two"), "two": RunPage(runs=(one, one), next=None)}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["state"] == "failed"
        return httpx.Response(200, content=pages[request.url.params.get("cursor")].model_dump_json())

    with client(answer) as api:
        assert len(list(api.each_run(state=RunState.FAILED))) == 3


def test_a_run_that_waits_is_told_approved_and_rejected() -> None:
    heard: list[tuple[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append((request.url.path, json.loads(request.content)["payload"]))
        return answers.signal()

    with client(answer) as api:
        assert (api.signal("r", "paid[0]", 5)).step == "publish"
        api.approve("r", "publish", "Fine.")
        api.reject("r", "publish", by="ana")
    assert heard == [
        ("/v1/runs/r/signals/paid[0]", 5),
        ("/v1/runs/r/signals/publish", {"approved": True, "comment": "Fine."}),
        ("/v1/runs/r/signals/publish", {"approved": False, "by": "ana"}),
    ]
