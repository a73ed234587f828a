"""The way to a stage of a research run, agent by agent."""

from __future__ import annotations

from collections.abc import Sequence

from synapse.contracts.evidence import RankedSource, Snapshot, SubQuestion
from synapse.research.plan import plan
from synapse.tasks.extraction import ExtractionInput, extraction
from synapse.tasks.fact_check import FactCheckInput, FactCheckOutput, fact_check
from synapse.tasks.synthesis import SynthesisInput, SynthesisOutput, synthesis
from synapse.tools.memory import MemoryToolbox

QUESTION = "What are tides and when do spring tides occur?"
URLS = ("https://a.org/tides", "https://b.org/why")


async def read(tools: MemoryToolbox, urls: Sequence[str] = URLS) -> list[Snapshot]:
    sources = [RankedSource(url=url, provider="memory", score=1.0, subquestions=("q1",)) for url in urls]
    return [await extraction.function(ExtractionInput(source=source), tools) for source in sources]


async def checked(tools: MemoryToolbox, question: str = QUESTION) -> tuple[list[SubQuestion], list[Snapshot], FactCheckOutput]:
    parts, snapshots = plan(question), await read(tools)
    return parts, snapshots, await fact_check.function(FactCheckInput(subquestions=parts, snapshots=snapshots), tools)


async def written(tools: MemoryToolbox, question: str = QUESTION, **more: object) -> SynthesisOutput:
    parts, snapshots, found = await checked(tools, question)
    task = {"question": question, "subquestions": parts, "claims": found.claims, "evidence": found.evidence, "snapshots": snapshots, **more}
    result: SynthesisOutput = await synthesis.function(SynthesisInput.model_validate(task), tools)
    return result
