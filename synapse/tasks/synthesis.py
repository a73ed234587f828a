"""Write the report, and refuse one that a distrustful reader could fault."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import Claim, Evidence, Skipped, Snapshot, SubQuestion
from synapse.contracts.report import Counts, Outcome, Report
from synapse.contracts.toolbox import Toolbox
from synapse.errors import Permanent
from synapse.research.citations import Fault, check
from synapse.research.compose import compose, counts
from synapse.research.missed import missed
from synapse.research.render import markdown


class SynthesisInput(BaseModel):
    """The claims, what they rest on, and what was missed on the way."""

    question: str
    subquestions: list[SubQuestion]
    claims: list[Claim]
    evidence: list[Evidence]
    snapshots: list[Snapshot]
    failed_providers: list[str] = Field(default_factory=list, description="'provider: reason' for each that could not be asked.")
    skipped_searches: list[Skipped] = Field(default_factory=list)
    skipped_sources: list[Skipped] = Field(default_factory=list)


class SynthesisOutput(BaseModel):
    """Where the report is stored and what is in it."""

    report: str = Field(description="sha256 of the report's JSON (`synapse.contracts.report.Report`).")
    markdown: str = Field(description="sha256 of its Markdown.")
    outcome: Outcome
    counts: Counts


@agent("synthesis", timeout=120)
async def synthesis(task: SynthesisInput, tools: Toolbox) -> SynthesisOutput:
    """Compose the report, check every citation in the stored texts, store it."""
    cited = list(dict.fromkeys(item.snapshot for item in task.evidence))
    texts = await asyncio.gather(*(tools.get_blob(name) for name in cited))
    pages = {name: text.decode("utf-8") for name, text in zip(cited, texts, strict=True)}
    report, shown, faults = await asyncio.to_thread(_write, task, pages)
    if faults:
        raise Permanent(f"{len(faults)} citations do not hold; {faults[0].where} {faults[0].what}")
    stored = await asyncio.gather(tools.put_blob(report.model_dump_json(indent=2).encode()), tools.put_blob(shown.encode()))
    return SynthesisOutput(report=stored[0], markdown=stored[1], outcome=Outcome.of(report), counts=counts(report))


def _write(task: SynthesisInput, pages: dict[str, str]) -> tuple[Report, str, list[Fault]]:
    gone = missed(task.failed_providers, task.skipped_searches, task.skipped_sources)
    snapshots = list({snapshot.id: snapshot for snapshot in reversed(task.snapshots)}.values())[::-1]
    report = compose(task.question, task.subquestions, task.claims, task.evidence, snapshots, missed=gone)
    return report, markdown(report), check(report, pages)
