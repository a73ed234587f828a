from __future__ import annotations

from importlib import import_module

import pytest

from synapse.contracts.agent import Agent
from synapse.contracts.report import Outcome
from synapse.errors import NoAnswer, Permanent
from synapse.research.plan import plan
from synapse.tasks.file_save import FileSaveInput, file_save
from synapse.tasks.orchestrator import FinishInput, PlanInput, finish, orchestrator
from synapse.tools.memory import MemoryToolbox
from synapse.tools.memory_model import MemoryModel
from synapse.workflows.compile import checked_input, compile_workflow
from tests.unit.tasks.steps import QUESTION, written
from tests.unit.workflows.shipped import shipped


async def test_a_question_becomes_a_plan(tools: MemoryToolbox) -> None:
    planned = await orchestrator.function(PlanInput(question=QUESTION, max_subquestions=1), tools)
    assert [part.text for part in planned.subquestions] == ["What are tides?"]


async def test_a_model_takes_the_question_apart_before_any_page_is_read(tools: MemoryToolbox) -> None:
    model = MemoryModel(lambda role, data: {"subquestions": [{"text": "When do spring tides occur?"}, {"text": "What are tides?"}]})
    tools.language_model = lambda spent: model
    planned = await orchestrator.function(PlanInput(question=QUESTION), tools)
    assert [part.text for part in planned.subquestions] == ["When do spring tides occur?", "What are tides?"]
    assert (planned.model.usage.calls, planned.model.notes) == (1, ("A language model took the question apart.",))
    assert [data for _, _, data in model.asked] == [{"question": QUESTION}]


@pytest.mark.parametrize("said", [NoAnswer("it is busy"), {"subquestions": []}, {"subquestions": [{"text": "Who is the king of France?"}]}])
async def test_without_a_usable_plan_the_questions_own_structure_is_it(said: NoAnswer | dict[str, object], tools: MemoryToolbox) -> None:
    tools.language_model = lambda spent: MemoryModel(lambda role, data: said)
    planned = await orchestrator.function(PlanInput(question=QUESTION), tools)
    assert planned.subquestions == plan(QUESTION)
    assert planned.model.notes[0].startswith("For the plan the language model was not used")


async def test_a_blank_question_is_refused_for_good(tools: MemoryToolbox) -> None:
    with pytest.raises(Permanent):
        await orchestrator.function(PlanInput(question=" \n "), tools)


async def test_the_end_says_what_it_came_to_and_where_it_is(tools: MemoryToolbox) -> None:
    made = await written(tools)
    saved = await file_save.function(FileSaveInput(report=made.report, markdown=made.markdown), tools)
    summary = await finish.function(FinishInput(question=QUESTION, files=saved.files, **made.model_dump()), tools)
    assert summary.outcome is Outcome.REPORT
    assert summary.path == "run-1/report.md"
    assert summary.uri.endswith("run-1/report.md")
    assert summary.report == made.report
    assert summary.counts.sentences > 0


async def test_a_run_without_a_report_file_does_not_end_well(tools: MemoryToolbox) -> None:
    made = await written(tools)
    with pytest.raises(Permanent):
        await finish.function(FinishInput(question=QUESTION, files=[], **made.model_dump()), tools)


def test_the_built_in_workflow_fits_these_agents() -> None:
    modules = [
        import_module(f"synapse.tasks.{name}") for name in ("orchestrator", "search", "extraction", "fact_check", "synthesis", "file_save")
    ]
    agents = {each.name: each for module in modules for each in vars(module).values() if isinstance(each, Agent)}
    workflow = shipped("research")
    program = compile_workflow(workflow, agents)
    used = {node.source.agent for node in program.nodes.values() if node.kind == "step"}
    assert used == set(agents)
    assert checked_input(workflow, {"question": "Why?"}) == {
        "question": "Why?",
        "corpus": None,
        "max_sources": 8,
        "max_followups": 4,
        "max_domains": 20,
        "max_bytes": 100_000_000,
        "max_subquestions": 4,
    }
