from __future__ import annotations

import pytest
from pydantic import BaseModel

from synapse.contracts.llm import Model, Role, Usage
from synapse.errors import NoAnswer
from synapse.tools.memory import MemoryToolbox
from synapse.tools.memory_model import MemoryModel


class Answer(BaseModel):
    """What is asked for."""

    text: str


async def test_it_answers_by_its_function_and_keeps_what_it_was_asked() -> None:
    made = MemoryModel(lambda role, data: {"text": f"{role}: {data['page']}"})
    model: Model = made
    assert (await model.ask(Role.WRITE, "Do.", {"page": "x"}, Answer)).text == "write: x"
    assert made.asked == [(Role.WRITE, "Do.", {"page": "x"})]
    assert model.usage.calls == 1


@pytest.mark.parametrize("said", [NoAnswer("told to"), {"other": 1}])
async def test_it_fails_as_a_real_one_does(said: NoAnswer | dict[str, int]) -> None:
    with pytest.raises(NoAnswer):
        await MemoryModel(lambda role, data: said).ask(Role.PLAN, "Do.", {}, Answer)


def test_a_toolbox_has_none_unless_it_is_given_one() -> None:
    made = MemoryModel(lambda role, data: {})
    assert MemoryToolbox().model(Usage()) is None
    assert MemoryToolbox(language_model=lambda spent: made).model(Usage()) is made
