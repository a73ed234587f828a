from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from synapse.contracts.agent import agent, queue_of
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry


class In(BaseModel):
    x: int = 0


class Out(BaseModel):
    y: int = 0


async def work(task: In, tools: Toolbox) -> Out:
    """Do it."""
    return Out(y=task.x)


def work_now(task: In, tools: Toolbox) -> Out:
    return Out(y=task.x)


def test_a_typed_function_becomes_an_agent_that_knows_its_models_queue_and_task() -> None:
    made = agent("fact_check.deep", retry=Retry(attempts=5), timeout=7.0)(work)
    assert (made.name, made.input, made.output, made.description) == ("fact_check.deep", In, Out, "Do it.")
    assert (made.queue, made.task, made.retry.attempts, made.timeout) == ("synapse-fact-check", "synapse.fact_check.deep", 5, 7.0)
    assert made.is_async
    assert not agent("x")(work_now).is_async


def test_all_actions_of_a_module_share_its_queue() -> None:
    assert queue_of("orchestrator") == queue_of("orchestrator.finish") == "synapse-orchestrator"


def no_types(task, tools):  # type: ignore[no-untyped-def] # the fault under test
    return None


def wrong_output(task: In, tools: Toolbox) -> dict[str, Any]:
    return {}


def one_argument(task: In) -> Out:
    return Out()


@pytest.mark.parametrize(
    ("function", "said"),
    [(no_types, "the task of no_types"), (wrong_output, "the return value of wrong_output"), (one_argument, r"must take \(task, tools\)")],
)
def test_a_function_without_its_types_is_refused_by_name(function: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        agent("x")(function)
