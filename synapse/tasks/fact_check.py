"""Find what the stored pages say about the questions, who else says so and who says otherwise."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import Claim, Evidence, Snapshot, SubQuestion
from synapse.contracts.toolbox import Toolbox
from synapse.research.followup import follow_ups
from synapse.research.ledger import build
from synapse.research.salience import Document


class FactCheckInput(BaseModel):
    """What was asked and what was read."""

    subquestions: list[SubQuestion] = Field(min_length=1)
    snapshots: list[Snapshot]


class FactCheckOutput(BaseModel):
    """Claims, each with a verdict and its evidence. Small: quotes only, never pages."""

    claims: list[Claim]
    evidence: list[Evidence]
    followups: list[SubQuestion] = Field(default_factory=list, description="Sub-questions with thin evidence, worded for a second search.")


@agent("fact_check", timeout=120)
async def fact_check(task: FactCheckInput, tools: Toolbox) -> FactCheckOutput:
    """Turn the stored pages into claims with evidence."""
    # The same text read from two addresses is one page, and would otherwise give every quote two ids.
    unique = list({snapshot.id: snapshot for snapshot in reversed(task.snapshots)}.values())[::-1]
    texts = await asyncio.gather(*(tools.get_blob(snapshot.id) for snapshot in unique))
    documents = [Document(snapshot, text.decode("utf-8")) for snapshot, text in zip(unique, texts, strict=True)]
    ledger = await asyncio.to_thread(build, task.subquestions, documents)
    followups = follow_ups(task.subquestions, ledger.claims)
    return FactCheckOutput(claims=list(ledger.claims), evidence=list(ledger.evidence), followups=followups)
