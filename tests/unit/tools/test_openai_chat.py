from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from synapse.settings import LlmSettings
from synapse.tools.chat import Refused, Reply, Unreachable
from synapse.tools.openai_chat import OpenAiChat, connect
from synapse.tools.outcome import Outcome, Unanswered
from tests.unit.model_server import ModelServer, Said, fail, model_server, say

REQUEST: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Say yes."}]}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


@pytest.fixture
async def chat(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAiChat]:
    monkeypatch.setenv("OPENAI_ORG_ID", "somebody-else")
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    server.asked.clear()
    made = connect(server.url, LlmSettings(llm_base_url=server.url, llm_model="m", llm_api_key=SecretStr("key-1")))
    yield made
    await made.close()


async def test_a_request_is_sent_as_it_is_with_the_operators_key_and_nobody_elses_account(chat: OpenAiChat, server: ModelServer) -> None:
    server.says(say("yes", tokens=(7, 1)))
    assert await chat.complete(REQUEST) == Reply("yes", "stop", refused=False, tokens=(7, 1))
    (asked,) = server.asked
    assert asked.body == REQUEST
    assert asked.headers["authorization"] == "Bearer key-1"
    assert "openai-organization" not in asked.headers


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (say("yes", tokens=None), Reply("yes", "stop")),
        (say("yes", tokens=(0, 0)), Reply("yes", "stop")),
        (say(None, refusal="no"), Reply("", "stop", refused=True, tokens=(100, 20))),
        (say("ye", finish="content_filter"), Reply("ye", "content_filter", refused=True, tokens=(100, 20))),
    ],
)
async def test_what_a_reply_says_of_itself_is_read(said: Said, reply: Reply, chat: OpenAiChat, server: ModelServer) -> None:
    server.says(said)
    assert await chat.complete(REQUEST) == reply


@pytest.mark.parametrize("body", ["<html>proxy</html>", {"choices": []}, {"hello": "world"}])
async def test_a_strangers_answer_is_not_of_the_protocol(body: Any, chat: OpenAiChat, server: ModelServer) -> None:
    server.says(Said(body))
    with pytest.raises(Unanswered) as caught:
        await chat.complete(REQUEST)
    assert caught.value.outcome is Outcome.PROTOCOL


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("soon", 1.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("-5", 0.0)])
async def test_a_refusal_says_when_to_come_back(value: str, seconds: float, chat: OpenAiChat, server: ModelServer) -> None:
    server.says(fail(429, "slow down", Retry_After=value))
    with pytest.raises(Refused) as caught:
        await chat.complete(REQUEST)
    assert (caught.value.http_status, caught.value.retry_after) == (429, seconds)
    assert "slow down" in caught.value.said
    assert len(server.asked) == 1


async def test_nobody_there_is_said_at_once() -> None:
    url = "http://127.0.0.1:1/v1"
    chat = connect(url, LlmSettings(llm_base_url=url, llm_model="m"))
    with pytest.raises(Unreachable):
        await chat.complete(REQUEST)
    await chat.close()


async def test_the_models_of_a_server_are_listed(chat: OpenAiChat, server: ModelServer) -> None:
    server.models = ["b", "a"]
    assert await chat.models() == ["a", "b"]
