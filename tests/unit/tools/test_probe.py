from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from synapse.settings import LlmSettings
from synapse.tools.chat import Refused
from synapse.tools.openai_chat import OpenAiChat, connect
from synapse.tools.outcome import Outcome, Unanswered
from synapse.tools.probe import known_models, probe
from tests.unit.model_server import ModelServer, Said, fail, model_server, say


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


@pytest.fixture
async def chat(server: ModelServer) -> AsyncIterator[OpenAiChat]:
    server.asked.clear()
    server.models = []
    made = connect(server.url, LlmSettings(llm_base_url=server.url, llm_model="m"))
    yield made
    await made.close()


@pytest.mark.parametrize("said", [say('{"ok": true}'), say("Ye", finish="length"), say(""), say(None, refusal="no")])
async def test_one_request_for_a_few_tokens_is_enough_whatever_the_answer(said: Said, chat: OpenAiChat, server: ModelServer) -> None:
    server.says(said)
    assert await probe(chat, "m") == "json_schema"
    (asked,) = server.asked
    assert asked.body["model"] == "m"
    assert asked.body["max_tokens"] <= 16
    assert "JSON" in asked.body["messages"][0]["content"]


@pytest.mark.parametrize(("refusals", "form"), [(1, "json_object"), (2, "")])
async def test_what_forms_a_server_knows_is_found_out(refusals: int, form: str, chat: OpenAiChat, server: ModelServer) -> None:
    server.says(*[fail(400, "response_format is not supported")] * refusals, say("yes"))
    assert await probe(chat, "m") == form


async def test_a_model_that_spends_the_few_tokens_on_thinking_works(chat: OpenAiChat, server: ModelServer) -> None:
    cut = "Could not finish the message because max_tokens or model output limit was reached."
    server.says(fail(400, "Use 'max_completion_tokens' instead."), fail(400, cut))
    assert await probe(chat, "m") == "json_schema"


@pytest.mark.parametrize(("status", "outcome"), [(401, Outcome.DENIED), (404, Outcome.UNKNOWN_MODEL), (500, Outcome.SERVER_ERROR)])
async def test_a_refusal_is_told_at_once(status: int, outcome: Outcome, chat: OpenAiChat, server: ModelServer) -> None:
    server.says(fail(status))
    with pytest.raises(Refused) as caught:
        await probe(chat, "m")
    assert (caught.value.outcome, len(server.asked)) == (outcome, 1)


async def test_a_stranger_is_told_from_a_model(chat: OpenAiChat, server: ModelServer) -> None:
    server.says(Said("<html>It works!</html>", headers={"content-type": "text/html"}))
    with pytest.raises(Unanswered) as caught:
        await probe(chat, "m")
    assert caught.value.outcome is Outcome.PROTOCOL


async def test_the_models_a_server_has_are_named_but_not_all_of_hundreds(chat: OpenAiChat, server: ModelServer) -> None:
    assert await known_models(chat) == ""
    server.models = ["qwen3:8b", "llama3"]
    assert await known_models(chat) == "llama3, qwen3:8b"
    server.models = [f"m{number}" for number in range(8)]
    assert await known_models(chat) == "m0, m1, m2, m3, m4 and 3 more"


async def test_a_server_that_names_no_models_is_no_failure() -> None:
    url = "http://127.0.0.1:1/v1"
    chat = connect(url, LlmSettings(llm_base_url=url, llm_model="m"))
    assert await known_models(chat) == ""
    await chat.close()
