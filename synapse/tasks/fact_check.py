"""Find what the stored pages say about the questions, who else says so and who says otherwise."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import Claim, Evidence, Snapshot, SubQuestion
from synapse.contracts.llm import ModelUse, Role
from synapse.contracts.toolbox import Toolbox
from synapse.research import choice, entailment
from synapse.research.assistant import Assistant
from synapse.research.followup import follow_ups
from synapse.research.ledger import Ledger, build
from synapse.research.passages import Document


class FactCheckInput(BaseModel):
    """What was asked and what was read."""

    subquestions: list[SubQuestion] = Field(min_length=1)
    snapshots: list[Snapshot]
    model: ModelUse = Field(default_factory=ModelUse, description="What a language model did for the run before.")


class FactCheckOutput(BaseModel):
    """Claims, each with a verdict and its evidence. Small: quotes only, never pages."""

    claims: list[Claim]
    evidence: list[Evidence]
    followups: list[SubQuestion] = Field(default_factory=list, description="Sub-questions with thin evidence, worded for a second search.")
    model: ModelUse = Field(default_factory=ModelUse, description="What a language model did for the run so far.")


@agent("fact_check", timeout=240)
async def fact_check(task: FactCheckInput, tools: Toolbox) -> FactCheckOutput:
    """Turn the stored pages into claims with evidence."""
    # The same text read from two addresses is one page, and would otherwise give every quote two ids.
    unique = list({snapshot.id: snapshot for snapshot in reversed(task.snapshots)}.values())[::-1]
    texts = await asyncio.gather(*(tools.get_blob(snapshot.id) for snapshot in unique))
    documents = [Document(snapshot, text.decode("utf-8")) for snapshot, text in zip(unique, texts, strict=True)]
    ledger = await asyncio.to_thread(build, task.subquestions, documents)
    assistant = Assistant(tools.model(task.model.usage), task.model)
    if assistant.model is not None and documents:
        ledger = await _chosen(task, documents, ledger, assistant)
    followups = follow_ups(task.subquestions, ledger.claims)
    return FactCheckOutput(claims=list(ledger.claims), evidence=list(ledger.evidence), followups=followups, model=assistant.use)


async def _chosen(task: FactCheckInput, documents: list[Document], before: Ledger, assistant: Assistant) -> Ledger:
    """The ledger after a language model has chosen and worded claims and has looked for quotes that do not bear them out."""
    choices = await asyncio.to_thread(choice.candidates, task.subquestions, documents, before)
    ledger = before
    if choices:
        shown = choice.shown(task.subquestions, choices)
        proposed = await assistant.ask(Role.CLAIMS, choice.INSTRUCTIONS, shown, choice.ProposedClaims)
        if proposed is not None:
            ledger, faults = choice.chosen(before, choices, proposed.claims, task.subquestions, documents)
            if faults:
                assistant.note(
                    f"{len(faults)} of the {len(proposed.claims)} statements that the language model proposed were refused: {faults[0]}."
                )
    pairs = entailment.second_opinions(ledger.claims, ledger.evidence)
    if not pairs:
        return ledger
    asked = dict(zip((f"v{number}" for number in range(1, len(pairs) + 1)), pairs, strict=True))
    judged = await assistant.ask(
        Role.VERIFY, entailment.INSTRUCTIONS, entailment.shown(entailment.numbered(list(pairs.values()))), entailment.Judgement
    )
    gone = {asked[name] for name in entailment.unsupported(judged) if name in asked}
    ledger = choice.reverted(ledger, before, choices, {claim.id for claim in ledger.claims if (claim.id, claim.evidence[0]) in gone})
    return _weakened(ledger, gone, documents)


def _weakened(ledger: Ledger, gone: set[tuple[str, str]], documents: list[Document]) -> Ledger:
    evidence = {item.id: item for item in ledger.evidence}
    snapshots = {document.snapshot.id: document.snapshot for document in documents}
    claims = [
        entailment.without(claim, {name for owner, name in gone if owner == claim.id}, evidence, snapshots) for claim in ledger.claims
    ]
    used = {name for claim in claims for name in claim.evidence}
    return Ledger(tuple(claims), tuple(item for item in ledger.evidence if item.id in used))
