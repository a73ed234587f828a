"""Opens a run with a plan and closes it with a summary."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import SubQuestion
from synapse.contracts.llm import ModelUse, Role, Usage
from synapse.contracts.report import Counts, Outcome
from synapse.contracts.toolbox import SavedFile, Toolbox
from synapse.errors import Permanent
from synapse.research import outline
from synapse.research.assistant import Assistant
from synapse.research.plan import plan


class PlanInput(BaseModel):
    """A question and how far it may be taken apart."""

    question: str = Field(min_length=1, max_length=10_000)
    max_subquestions: int = Field(default=4, ge=1, le=8)


class PlanOutput(BaseModel):
    """What has to be found out, the part closest to the question first."""

    subquestions: list[SubQuestion]
    model: ModelUse = Field(default_factory=ModelUse, description="What a language model did for the run so far.")


class FinishInput(BaseModel):
    """What the run came to, and the files it is kept in."""

    question: str
    outcome: Outcome
    counts: Counts
    report: str = Field(description="sha256 of the report's JSON.")
    markdown: str = Field(description="sha256 of its Markdown.")
    files: list[SavedFile]


class RunSummary(BaseModel):
    """The run's output: enough to find and check everything else."""

    question: str
    outcome: Outcome
    counts: Counts
    report: str = Field(description="sha256 of the report's JSON; also the name of its blob.")
    markdown: str = Field(description="sha256 of its Markdown; also the name of its blob.")
    path: str = Field(description="The Markdown report's path below the output root.")
    uri: str = Field(description="Where a person finds it.")
    files: list[SavedFile]
    status: Literal["complete"] = "complete"


@agent("orchestrator", timeout=90)
async def orchestrator(task: PlanInput, tools: Toolbox) -> PlanOutput:
    """Take the question apart into what has to be found out."""
    if not task.question.strip():
        raise Permanent("the question is blank")
    assistant = Assistant(tools.model(Usage()))
    parts = await _proposed(task, assistant)
    return PlanOutput(subquestions=parts or plan(task.question, limit=task.max_subquestions), model=assistant.use)


async def _proposed(task: PlanInput, assistant: Assistant) -> list[SubQuestion]:
    """A model's plan, or none. It is made before any page is read, so that no page can have a say in it."""
    instructions = outline.INSTRUCTIONS.format(limit=task.max_subquestions)
    proposed = await assistant.ask(Role.PLAN, instructions, {"question": task.question}, outline.ProposedPlan)
    if proposed is None:
        return []
    try:
        parts = outline.accepted(task.question, proposed.subquestions, limit=task.max_subquestions)
    except ValueError as error:
        assistant.fell_back(Role.PLAN, str(error))
        return []
    assistant.note("A language model took the question apart.")
    return parts


@agent("orchestrator.finish", timeout=30)
async def finish(task: FinishInput, tools: Toolbox) -> RunSummary:
    """Close the run: say what it came to and where the report is."""
    shown = next((file for file in task.files if file.path.endswith("report.md")), None)
    if shown is None:
        raise Permanent("no report.md among the saved files")
    return RunSummary(**task.model_dump(), path=shown.path, uri=shown.uri)
