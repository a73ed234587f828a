from __future__ import annotations

from pydantic import BaseModel

from synapse.contracts.llm import ModelUse, Role, Usage
from synapse.errors import NoAnswer
from synapse.research.assistant import Assistant
from synapse.tools.memory_model import MemoryModel


class Answer(BaseModel):
    """What is asked for."""

    text: str


async def test_without_a_model_nothing_is_said_and_nothing_noted() -> None:
    assistant = Assistant(None, ModelUse(usage=Usage(calls=3), notes=("before",)))
    assert await assistant.ask(Role.PLAN, "Do.", {}, Answer) is None
    assistant.note("something")
    assert assistant.use == ModelUse(usage=Usage(calls=3), notes=("before",))


async def test_an_answer_is_handed_on_with_what_it_used() -> None:
    assistant = Assistant(MemoryModel(lambda role, data: {"text": "x"}))
    assert await assistant.ask(Role.PLAN, "Do.", {}, Answer) == Answer(text="x")
    assert (assistant.use.usage.calls, assistant.use.notes) == (1, ())


async def test_an_answer_that_cannot_be_used_is_a_note_and_the_model_is_told() -> None:
    model = MemoryModel(lambda role, data: NoAnswer("it is busy"))
    assistant = Assistant(model)
    await assistant.ask(Role.PLAN, "Do.", {}, Answer)
    assert model.not_used == []
    assistant.fell_back(Role.WRITE, "none of its sentences could stand")
    assert model.not_used == [Role.WRITE]
    assert assistant.use.notes[1] == "For the wording of the answer the language model was not used: none of its sentences could stand."


async def test_a_failure_is_a_note_that_names_the_work_and_the_reason_once() -> None:
    assistant = Assistant(MemoryModel(lambda role, data: NoAnswer("it is busy")))
    for _ in range(2):
        assert await assistant.ask(Role.WRITE, "Do.", {}, Answer) is None
    assert assistant.use.notes == ("For the wording of the answer the language model was not used: it is busy.",)
