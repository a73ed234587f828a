from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel

from synapse.contracts.llm import Role, Usage
from synapse.settings import LlmSettings
from synapse.tools.budget import Budget
from synapse.tools.chat import Refused, Reply, Unreachable
from synapse.tools.offer import Offer
from synapse.tools.outcome import Outcome, Unanswered
from synapse.tools.talk import Line, Talk

ASKED = [{"role": "user", "content": "Say yes."}]


class Answer(BaseModel):
    """What is asked for here."""

    text: str


class Scripted:
    """A server that says what it is told, one after the other."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.slept: list[float] = []

    async def complete(self, request: dict[str, Any]) -> Reply:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def models(self) -> list[str]:
        raise AssertionError("nobody asks in a run")

    async def close(self) -> None:
        """Nothing is open."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def talk(self, slots: asyncio.Semaphore | None = None, **settings: Any) -> tuple[Talk, Budget]:
        budget = Budget(LlmSettings.model_validate(settings), Usage())
        line = Line(self, slots or asyncio.Semaphore(1), 5.0, self.sleep)
        return Talk(line, Offer("m", Answer), budget, Role.VERIFY), budget


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_what_is_said_after_thinking_is_given_and_its_use_counted() -> None:
    counted: list[tuple[str, dict[str, str]]] = [
        ("synapse_llm_tokens_total", {"role": "verify", "direction": "out"}),
        ("synapse_llm_cost_total", {"role": "verify"}),
        ("synapse_llm_request_seconds_count", {"role": "verify"}),
        ("synapse_llm_slot_wait_seconds_count", {}),
    ]
    before = [sample(name, **labels) for name, labels in counted]
    talk, budget = Scripted(Reply("<think>hm</think> yes", "stop", tokens=(100, 20))).talk(llm_price_in=1.0, llm_price_out=10.0)
    assert await talk.say(ASKED) == "yes"
    assert (budget.used.tokens_in, budget.used.tokens_out, talk.waits) == (100, 20, 0)
    after = [sample(name, **labels) for name, labels in counted]
    assert [new - old for new, old in zip(after, before, strict=True)] == pytest.approx([20, 0.0003, 1, 1])


async def test_it_comes_back_to_a_busy_server_a_broken_one_and_one_that_was_not_there() -> None:
    server = Scripted(Refused(429, "", 3.0), Refused(500, "", 1.0), Reply("yes"))
    talk, _ = server.talk()
    assert await talk.say(ASKED) == "yes"
    assert talk.waits == 2
    assert server.slept[0] == 3.0
    server = Scripted(Unreachable(), Reply("yes"))
    talk, _ = server.talk()
    assert await talk.say(ASKED) == "yes"
    assert talk.waits == 1


async def test_a_server_that_knows_less_is_asked_less_at_once() -> None:
    server = Scripted(Refused(400, "json_schema is not supported", 1.0), Reply("yes"))
    talk, budget = server.talk()
    assert await talk.say(ASKED) == "yes"
    assert (talk.waits, server.slept) == (0, [])
    assert [request["response_format"]["type"] for request in server.requests] == ["json_schema", "json_object"]
    assert budget.used.calls == 2


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([Refused(429, "", 0.0)] * 4, Outcome.RATE_LIMITED),
        ([Refused(429, "", 3600.0)], Outcome.RATE_LIMITED),
        ([Refused(500, "", 0.0)] * 2, Outcome.SERVER_ERROR),
        ([Unreachable()] * 2, Outcome.UNREACHABLE),
        ([Refused(401, "", 0.0)], Outcome.DENIED),
        ([Refused(400, "too long", 0.0)] * 3, Outcome.REJECTED),
        ([Reply("", refused=True)], Outcome.REFUSAL),
        ([Reply("<think>and so on", "length")], Outcome.EMPTY),
    ],
)
async def test_when_it_gives_up_it_says_what_that_counts_as(answers: list[Reply | Exception], outcome: Outcome) -> None:
    server = Scripted(*answers)
    with pytest.raises(Unanswered) as caught:
        await server.talk()[0].say(ASKED)
    assert caught.value.outcome is outcome
    assert server.answers == []


async def test_when_all_places_are_taken_its_time_runs_out_and_no_request_is_made() -> None:
    server = Scripted(Reply("yes"))
    talk, budget = server.talk(asyncio.Semaphore(0), llm_max_seconds=0.05)
    with pytest.raises(Unanswered, match="SYNAPSE_LLM_CONCURRENCY") as caught:
        await talk.say(ASKED)
    assert caught.value.outcome is Outcome.TIMEOUT
    assert (server.requests, budget.used.calls) == ([], 0)


async def test_a_place_is_free_again_whatever_came_of_the_request() -> None:
    slots = asyncio.Semaphore(1)
    with pytest.raises(Unanswered):
        await Scripted(Refused(401, "", 0.0)).talk(slots)[0].say(ASKED)
    assert not slots.locked()
