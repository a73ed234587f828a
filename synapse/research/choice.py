"""Claims that a language model chooses among the pages' sentences and words anew, joined to those that were chosen without it.

The model names sentences by id and never writes a quote. What it leaves out is not lost: a page that talks it into choosing
nothing changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from synapse.contracts.evidence import Claim, Evidence, SubQuestion, Verdict
from synapse.research.claims import statement
from synapse.research.editions import editions
from synapse.research.grounding import ungrounded
from synapse.research.ledger import Ledger
from synapse.research.passages import Document, index
from synapse.research.salience import salience
from synapse.research.text import squeeze

_PER_QUESTION, _MOST_SHOWN = 14, 24_000
# A sentence may answer in words that the question does not have; the model sees further down the list than a count of words does.
_LEAST_COVERAGE = 0.2
_MOST_CLAIMS = 6
_STEP = 0.01

INSTRUCTIONS = """You pick the sentences that answer the parts of a question. Each line of `sentences` is an id and a sentence of a
page. For each part choose the up to five sentences that answer it, the best first, and none that only mention its words. For each
give the id of the part (`q1`), the id of the sentence (`s1`), and `text`: the sentence as a statement that can stand alone, in its
own words as far as possible, with every number, name, condition and negation it has and nothing that it does not say."""


class ProposedClaim(BaseModel):
    """A sentence chosen for a part of the question, and how it reads alone."""

    model_config = ConfigDict(extra="forbid")

    subquestion: str
    sentence: str
    text: str


class ProposedClaims(BaseModel):
    """Best first within each part."""

    model_config = ConfigDict(extra="forbid")

    claims: list[ProposedClaim]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be chosen; ``claim`` when it already is one, ``plain`` how it reads alone without a model."""

    subquestion: str
    snapshot: str
    start: int
    end: int
    text: str
    plain: str | None
    score: float
    claim: str | None = None


def candidates(questions: Sequence[SubQuestion], documents: Sequence[Document], ledger: Ledger) -> dict[str, Candidate]:
    """The sentences to choose from by id: those of the claims first, then others that may answer; none that no longer holds."""
    quotes = {item.id: item for item in ledger.evidence}
    found: list[Candidate] = []
    for claim in ledger.claims:
        if claim.verdict is Verdict.SUPERSEDED:
            continue
        first = quotes[claim.evidence[0]]
        place = (first.snapshot, first.start, first.end)
        found.append(Candidate(claim.subquestion, *place, squeeze(first.quote), claim.text, claim.score, claim.id))
    indexed, known = index(documents), editions(documents)
    for question in questions:
        mine = [each for each in found if each.subquestion == question.id]
        for item in salience(indexed, question, least=_LEAST_COVERAGE, near=True):
            if len(mine) >= _PER_QUESTION:
                break
            passage = indexed.passages[item.passage]
            document, span = documents[passage.document], passage.span
            taken = (each.snapshot == document.snapshot.id and each.start < span.end and span.start < each.end for each in found)
            if any(taken) or known.replaced(passage.document) or len(span.text.split()) < 4:
                continue
            said = statement(span, document.text)
            start, end = (said.start, said.end) if said else (span.start, span.end)
            made = Candidate(question.id, document.snapshot.id, start, end, span.text, said.text if said else None, item.score)
            found.append(made)
            mine.append(made)
    return {f"s{number}": each for number, each in enumerate(found, start=1)}


def shown(questions: Sequence[SubQuestion], choices: dict[str, Candidate]) -> dict[str, str]:
    """The data that the model chooses from, in turns of the parts until a small model's room is full."""
    rows: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for name, each in choices.items():
        seen[each.subquestion] = seen.get(each.subquestion, 0) + 1
        rows.append((seen[each.subquestion], f"{name} | {each.text}"))
    lines: list[str] = []
    room = _MOST_SHOWN
    for _, line in sorted(rows, key=lambda row: row[0]):
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    return {"parts": "\n".join(f"{each.id} | {squeeze(each.text)}" for each in questions), "sentences": "\n".join(lines)}


def chosen(
    ledger: Ledger,
    choices: dict[str, Candidate],
    proposed: Sequence[ProposedClaim],
    questions: Sequence[SubQuestion],
    documents: Sequence[Document],
) -> tuple[Ledger, list[str]]:
    """The ledger with the model's choice first in each part, and why what it proposed was not taken."""
    pages = {document.snapshot.id: document for document in documents}
    best = {each.id: max((claim.score for claim in ledger.claims if claim.subquestion == each.id), default=1.0) for each in questions}
    known = {claim.id: claim for claim in ledger.claims}
    evidence, picked, faults = list(ledger.evidence), dict[str, Claim](), list[str]()
    for item in proposed:
        candidate = choices.get(item.sentence)
        if candidate is None or item.subquestion not in best:
            faults.append("it names a sentence that there is not")
            continue
        mine = sum(claim.subquestion == item.subquestion for claim in picked.values())
        if item.sentence in picked or mine >= _MOST_CLAIMS:
            continue
        quote = pages[candidate.snapshot].text[candidate.start : candidate.end]
        fault = ungrounded(item.text, [quote])
        text = squeeze(item.text) if fault is None else candidate.plain
        if fault is not None:
            faults.append(fault)
        if text is None or any(claim.text == text for claim in (*picked.values(), *known.values()) if claim.id != candidate.claim):
            continue
        change = {
            "text": text,
            "by_model": fault is None and text != candidate.plain,
            "subquestion": item.subquestion,
            "score": round(best[item.subquestion] * (1 + _STEP * (_MOST_CLAIMS - mine)), 4),
        }
        if candidate.claim is not None:
            picked[item.sentence] = known[candidate.claim].model_copy(update=change)
            continue
        evidence.append(
            Evidence(id=f"e{len(evidence) + 1}", snapshot=candidate.snapshot, start=candidate.start, end=candidate.end, quote=quote)
        )
        picked[item.sentence] = Claim(
            id=f"c{len(known) + len(evidence) - len(ledger.evidence)}",
            evidence=(evidence[-1].id,),
            origins=(pages[candidate.snapshot].snapshot.origin,),
            verdict=Verdict.SINGLE_SOURCE,
            **change,
        )
    return _joined(ledger, list(picked.values()), evidence), faults


def _joined(ledger: Ledger, picked: Sequence[Claim], evidence: Sequence[Evidence]) -> Ledger:
    """The chosen claims, and of the others what there is room for; what disagrees with something is never left out."""
    taken = {claim.id for claim in picked}
    wanted = {name for claim in ledger.claims for name in (*claim.conflicts_with, *claim.superseded_by)}
    claims = list(picked)
    for claim in ledger.claims:
        room = sum(each.subquestion == claim.subquestion for each in claims) < _MOST_CLAIMS
        plain = claim.verdict in (Verdict.CORROBORATED, Verdict.SINGLE_SOURCE) and claim.id not in wanted
        if claim.id not in taken and (room or not plain):
            claims.append(claim)
    claims.sort(key=lambda claim: -claim.score)
    used = {name for claim in claims for name in claim.evidence}
    return Ledger(tuple(claims), tuple(item for item in evidence if item.id in used))


def reverted(ledger: Ledger, before: Ledger, choices: dict[str, Candidate], unsupported: set[str]) -> Ledger:
    """The ledger with these claims in their source's own words again; those that have none are left out."""
    known = {claim.id: claim.text for claim in before.claims}
    quotes = {item.id: item for item in ledger.evidence}
    plain = {(each.snapshot, each.start): each.plain for each in choices.values()}
    claims: list[Claim] = []
    for claim in ledger.claims:
        item = quotes[claim.evidence[0]]
        text = known.get(claim.id) or plain.get((item.snapshot, item.start))
        if claim.id not in unsupported:
            claims.append(claim)
        elif text is not None and all(other.text != text for other in ledger.claims):
            claims.append(claim.model_copy(update={"text": text, "by_model": False}))
    used = {name for claim in claims for name in claim.evidence}
    return Ledger(tuple(claims), tuple(item for item in ledger.evidence if item.id in used))
