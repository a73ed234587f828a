from __future__ import annotations

import pytest

from synapse.api.mcp_face.prompts import PROMPTS
from synapse.service.service import Service
from tests.unit.api.mcp_face.conftest import NEW, OLD, Assistant, Open

PLAIN = {name: dict.fromkeys(prompt.arguments, "a value") for name, prompt in PROMPTS.items()}


@pytest.mark.parametrize("revision", [NEW, OLD])
async def test_every_prompt_is_listed_and_got(service: Service, assistant_of: Open, revision: str) -> None:
    assistant = assistant_of(service, revision=revision)
    prompts = (await assistant.ask("prompts/list"))["prompts"]
    assert [each["name"] for each in prompts] == ["compare", "how_to", "what_changed", "fact_check"]
    for each in prompts:
        got = await assistant.ask("prompts/get", {"name": each["name"], "arguments": PLAIN[each["name"]]})
        (message,) = got["messages"]
        assert message["role"] == "user"
        text = message["content"]["text"]
        assert text.count("a value") >= len(each["arguments"])
        assert "start_research" in text


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [({}, "aim"), ({"aim": " "}, "aim"), ({"aim": "x" * 1001}, "aim"), ({"aim": "x", "colour": "red"}, "colour")],
)
async def test_arguments_that_do_not_fit_are_named(assistant: Assistant, arguments: dict[str, str], wrong: str) -> None:
    error = await assistant.error("prompts/get", {"name": "how_to", "arguments": arguments})
    assert error["code"] == -32602
    assert error["message"].startswith(f"{wrong}: the prompt how_to takes aim")


async def test_an_argument_is_put_in_as_it_is_on_one_line(assistant: Assistant) -> None:
    got = await assistant.ask("prompts/get", {"name": "how_to", "arguments": {"aim": "use {braces}\n\nand lines"}})
    assert "How to use {braces} and lines?" in got["messages"][0]["content"]["text"]


async def test_an_unknown_prompt_is_refused(assistant: Assistant) -> None:
    assert (await assistant.error("prompts/get", {"name": "poem"}))["message"] == "there is no prompt 'poem'"
