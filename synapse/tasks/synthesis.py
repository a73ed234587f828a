"""Write the report, and refuse one that a distrustful reader could fault."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import Claim, Evidence, Skipped, Snapshot, SubQuestion
from synapse.contracts.llm import ModelUse, Role
from synapse.contracts.report import Counts, Outcome, Report, Sentence
from synapse.contracts.toolbox import Toolbox
from synapse.errors import Permanent
from synapse.research import entailment, prose
from synapse.research.assistant import Assistant
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
    model: ModelUse = Field(default_factory=ModelUse, description="What a language model did for the run before.")


class SynthesisOutput(BaseModel):
    """Where the report is stored and what is in it."""

    report: str = Field(description="sha256 of the report's JSON (`synapse.contracts.report.Report`).")
    markdown: str = Field(description="sha256 of its Markdown.")
    outcome: Outcome
    counts: Counts
    model: ModelUse = Field(default_factory=ModelUse, description="What a language model did for the whole run.")


@agent("synthesis", timeout=240)
async def synthesis(task: SynthesisInput, tools: Toolbox) -> SynthesisOutput:
    """Compose the report, check every citation in the stored texts, store it."""
    cited = list(dict.fromkeys(item.snapshot for item in task.evidence))
    texts = await asyncio.gather(*(tools.get_blob(name) for name in cited))
    pages = {name: text.decode("utf-8") for name, text in zip(cited, texts, strict=True)}
    assistant = Assistant(tools.model(task.model.usage), task.model)
    prose = await _prose(task, assistant)
    report, shown, faults = await asyncio.to_thread(_write, task, pages, prose, assistant)
    if faults:
        raise Permanent(f"{len(faults)} citations do not hold; {faults[0].where} {faults[0].what}")
    stored = await asyncio.gather(tools.put_blob(report.model_dump_json(indent=2).encode()), tools.put_blob(shown.encode()))
    return SynthesisOutput(report=stored[0], markdown=stored[1], outcome=Outcome.of(report), counts=counts(report), model=assistant.use)


async def _prose(task: SynthesisInput, assistant: Assistant) -> list[Sentence]:
    """The answer in a language model's words, as far as it holds; none when the claims are to speak for themselves."""
    if assistant.model is None or not task.claims:
        return []
    data = prose.shown(task.question, task.subquestions, task.claims, task.evidence)
    proposed = await assistant.ask(Role.WRITE, prose.INSTRUCTIONS, data, prose.ProposedAnswer)
    if proposed is None:
        return []
    sentences, faults = prose.accepted(proposed.sentences, task.claims, task.evidence)
    kept = await _supported(task, sentences, assistant)
    if not kept:
        assistant.fell_back(Role.WRITE, f"none of its sentences could stand ({faults[0]})" if faults else "it wrote none that could stand")
    elif len(kept) < len(sentences) + len(faults):
        wrote = len(sentences) + len(faults)
        assistant.note(f"Of the {wrote} sentences that it wrote {wrote - len(kept)} were left out: their quotes do not bear them out.")
    return kept


async def _supported(task: SynthesisInput, sentences: list[Sentence], assistant: Assistant) -> list[Sentence]:
    if not sentences:
        return []
    quotes = {item.id: item.quote for item in task.evidence}
    pairs = entailment.numbered([(each.text, " / ".join(quotes[name] for name in each.evidence)) for each in sentences])
    judged = await assistant.ask(Role.VERIFY, entailment.INSTRUCTIONS, entailment.shown(pairs), entailment.Judgement)
    gone = entailment.unsupported(judged)
    return [sentence for name, sentence in zip(pairs, sentences, strict=True) if name not in gone]


def _write(task: SynthesisInput, pages: dict[str, str], sentences: list[Sentence], assistant: Assistant) -> tuple[Report, str, list[Fault]]:
    gone = missed(task.failed_providers, task.skipped_searches, task.skipped_sources)
    snapshots = list({snapshot.id: snapshot for snapshot in reversed(task.snapshots)}.values())[::-1]
    notes = _notes(assistant, sentences, task)
    report = compose(task.question, task.subquestions, task.claims, task.evidence, snapshots, missed=gone, prose=sentences, notes=notes)
    return report, markdown(report), check(report, pages)


def _notes(assistant: Assistant, sentences: list[Sentence], task: SynthesisInput) -> list[str]:
    """What the reader is told of the model: first what it has used, then what it did, then where it was not used."""
    use = assistant.use
    if not use.usage.calls and not use.notes:
        return []
    worded = sum(claim.by_model for claim in task.claims)
    about = "about " if use.usage.estimated else ""
    asked = f"A language model was asked {use.usage.calls} times ({about}{use.usage.tokens} tokens)."
    did = f"It worded {worded} of {len(task.claims)} statements and {len(sentences)} sentences of the answer."
    return [asked, did, *use.notes]
