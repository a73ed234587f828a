"""An answer that a language model words from the claims: what it is shown, and which of its sentences may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from synapse.contracts.evidence import Claim, Evidence, SubQuestion, Verdict
from synapse.contracts.report import Sentence
from synapse.research.grounding import ungrounded
from synapse.research.text import squeeze

_MOST_SENTENCES, _MOST_CITED, _MOST_SHOWN = 8, 4, 24_000

INSTRUCTIONS = """You write the answer to a question from quotes, for a reader who checks every sentence against them.
Write one to six plain sentences that together answer the question, the most direct one first. Each sentence says only what its
quotes say: keep their numbers, names, conditions and negations, and add nothing you know otherwise. With each sentence give the
ids of the one to three quotes that it rests on (`e1`, `e2`, …). No addresses, no citation marks, no lists, no preamble.
Where quotes disagree, say what each says in a sentence of its own. If the quotes do not answer the question, give no sentences."""


class ProposedSentence(BaseModel):
    """A sentence and the ids of the quotes that it rests on."""

    model_config = ConfigDict(extra="forbid")

    text: str
    evidence: list[str]


class ProposedAnswer(BaseModel):
    """The answer, the most direct sentence first."""

    model_config = ConfigDict(extra="forbid")

    sentences: list[ProposedSentence]


def shown(question: str, subquestions: Sequence[SubQuestion], claims: Sequence[Claim], evidence: Sequence[Evidence]) -> dict[str, str]:
    """The data that the model writes from: best claims first, as many quotes as a small model takes, none that no longer holds."""
    quotes = {item.id: item for item in evidence}
    lines: list[str] = []
    room = _MOST_SHOWN
    for name in dict.fromkeys(
        name for claim in sorted(_holding(claims), key=lambda claim: -claim.score) for name in claim.evidence if name in quotes
    ):
        line = f"{name} | {squeeze(quotes[name].quote)}"
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    parts = "\n".join(f"- {squeeze(part.text)}" for part in subquestions)
    return {"question": squeeze(question), "parts of it": parts, "quotes": "\n".join(lines)}


def accepted(
    proposed: Sequence[ProposedSentence], claims: Sequence[Claim], evidence: Sequence[Evidence]
) -> tuple[list[Sentence], list[str]]:
    """The sentences that may stand, with their verdicts, and why each of the others may not."""
    quotes = {item.id: item.quote for item in evidence}
    owners: dict[str, list[Claim]] = {}
    for claim in _holding(claims):
        for name in claim.evidence:
            owners.setdefault(name, []).append(claim)
    kept: dict[str, Sentence] = {}
    faults: list[str] = []
    for item in proposed[: 2 * _MOST_SENTENCES]:
        text = squeeze(item.text)
        fault = _fault(text, item.evidence, quotes, owners)
        if fault is None and len(kept) < _MOST_SENTENCES:
            kept.setdefault(text, _sentence(text, tuple(dict.fromkeys(item.evidence)), owners))
        elif fault is not None:
            faults.append(fault)
    return list(kept.values()), faults


def _holding(claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.verdict is not Verdict.SUPERSEDED]


def _fault(text: str, cited: Sequence[str], quotes: Mapping[str, str], owners: Mapping[str, object]) -> str | None:
    if not cited or len(set(cited)) > _MOST_CITED:
        return "it cites nothing" if not cited else "it cites too much"
    if not all(name in quotes and name in owners for name in cited):
        return "it cites evidence that there is not"
    return ungrounded(text, [quotes[name] for name in dict.fromkeys(cited)])


def _sentence(text: str, cited: tuple[str, ...], owners: Mapping[str, Sequence[Claim]]) -> Sentence:
    """Corroborated only if each claim that it rests on is; then it also cites whoever else says so."""
    resting = [next((claim for claim in owners[name] if claim.evidence[0] == name), owners[name][0]) for name in cited]
    verdicts = {claim.verdict for claim in resting}
    verdict = Verdict.CORROBORATED if verdicts == {Verdict.CORROBORATED} else Verdict.SINGLE_SOURCE
    if Verdict.CONFLICT in verdicts:
        verdict = Verdict.CONFLICT
    more = [name for claim in resting for name in claim.evidence] if verdict is Verdict.CORROBORATED else []
    return Sentence(text=text, evidence=tuple(dict.fromkeys((*cited, *more))), claim=resting[0].id, verdict=verdict, by_model=True)
