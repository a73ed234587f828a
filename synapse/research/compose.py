"""Claims made a report: the answer first, then what else was found for each sub-question, nothing said twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from synapse.contracts.evidence import Claim, Evidence, Snapshot, SubQuestion, Verdict
from synapse.contracts.report import Counts, Missed, Reference, Report, Section, Sentence
from synapse.research.intent import Intent, intent_of
from synapse.research.paging import pages_of

_ANSWER_SENTENCES = 5
# A sub-question's second sentence is part of the answer only if it is nearly as good as its first.
_ANSWER_SHARE = 0.7


def compose(
    question: str,
    subquestions: Sequence[SubQuestion],
    claims: Sequence[Claim],
    evidence: Sequence[Evidence],
    snapshots: Sequence[Snapshot],
    *,
    missed: Sequence[Missed] = (),
    prose: Sequence[Sentence] = (),
    notes: Sequence[str] = (),
) -> Report:
    """A report in which every sentence is a claim with its evidence; with ``prose`` that is the answer.

    ``claims`` may be in any order. Pages that nothing cites get no reference, but stay in ``snapshots`` as a record of what
    was read. Raises KeyError when a claim names evidence, or evidence a page, that is not given.
    """
    quotes = {item.id: item for item in evidence}
    by_question = {item.id: sorted((c for c in claims if c.subquestion == item.id), key=_worth) for item in subquestions}
    # What each side of a comparison is belongs below it; above it one sentence of each will do.
    in_full = {item.id for item in subquestions if intent_of(item.text) is Intent.COMPARISON} or set(by_question)
    lead = [] if prose else _lead(by_question, in_full, quotes)
    told = {name for sentence in prose for name in sentence.evidence}
    chosen = {claim.id for claim in lead} | {claim.id for claim in claims if claim.evidence[0] in told}
    kept = {claim.id for claim in claims if claim.subquestion in by_question}
    # What a newer edition corrects is told once: next to the correction.
    chosen |= {claim.id for claim in claims if not kept.isdisjoint(claim.superseded_by)}
    rest = {name: [claim for claim in found if claim.id not in chosen] for name, found in by_question.items()}
    sections = _sections(subquestions, rest, quotes)
    answer = (*prose, *(_sentence(claim) for claim in lead))
    disagreements = _disagreements(claims, kept)
    used = [
        name
        for part in (answer, *(section.sentences for section in sections), *disagreements)
        for sentence in part
        for name in sentence.evidence
    ]
    # What prose puts in other words stays among the claims, with all that it rests on.
    used += [name for claim in claims if claim.id in chosen and claim.id in kept for name in claim.evidence]
    return Report(
        question=question,
        answer=answer,
        sections=sections,
        disagreements=disagreements,
        unanswered=tuple(item for item in subquestions if not by_question[item.id]),
        missed=tuple(missed),
        notes=tuple(notes),
        references=_references(used, quotes, snapshots),
        claims=tuple(claim for claim in claims if claim.id in kept),
        evidence=tuple(item for item in evidence if item.id in set(used)),
        snapshots=tuple(snapshots),
    )


def _sections(
    subquestions: Sequence[SubQuestion], rest: Mapping[str, Sequence[Claim]], quotes: Mapping[str, Evidence]
) -> tuple[Section, ...]:
    """What the answer left over of each sub-question; none for one that it told in full."""
    return tuple(
        Section(subquestion=item.id, heading=item.text, sentences=tuple(map(_sentence, _reading_order(rest[item.id], quotes))))
        for item in subquestions
        if rest[item.id]
    )


def _worth(claim: Claim) -> tuple[bool, float]:
    """What holds comes before what no longer does."""
    return claim.verdict is Verdict.SUPERSEDED, -claim.score


def _sentence(claim: Claim) -> Sentence:
    return Sentence(text=claim.text, evidence=claim.evidence, claim=claim.id, verdict=claim.verdict, by_model=claim.by_model)


def _lead(by_question: Mapping[str, Sequence[Claim]], in_full: Collection[str], quotes: Mapping[str, Evidence]) -> list[Claim]:
    """The best sentence of each sub-question in the order they were asked, each with its near-equals while there is room."""
    firsts = [claims[0] for claims in by_question.values() if claims][:_ANSWER_SENTENCES]
    others = [
        claim
        for name, claims in by_question.items()
        for claim in (claims[1:] if name in in_full else ())
        if claim.verdict is not Verdict.SUPERSEDED and claim.score >= _ANSWER_SHARE * claims[0].score
    ]
    others = sorted(others, key=lambda claim: -claim.score)[: _ANSWER_SENTENCES - len(firsts)]
    told: list[Claim] = []
    for first in firsts:
        beside = _reading_order([first, *(claim for claim in others if claim.subquestion == first.subquestion)], quotes)
        told += [first, *(claim for claim in beside if claim is not first)]
    return told


def _reading_order(claims: Sequence[Claim], quotes: Mapping[str, Evidence]) -> list[Claim]:
    """Source by source, the best one's first; within a source as its author wrote."""
    sources: dict[str, list[Claim]] = {}
    for claim in claims:
        sources.setdefault(quotes[claim.evidence[0]].snapshot, []).append(claim)
    return [claim for group in sources.values() for claim in sorted(group, key=lambda claim: quotes[claim.evidence[0]].start)]


def _disagreements(claims: Sequence[Claim], kept: set[str]) -> tuple[tuple[Sentence, Sentence], ...]:
    named = {claim.id: claim for claim in claims if claim.id in kept}
    pairs = {tuple(sorted((claim.id, other))) for claim in named.values() for other in claim.conflicts_with if other in named}
    # What holds stands before what it corrects; what only may disagree stands in the order of the claims.
    corrected = {(by, claim.id) for claim in named.values() for by in [other for other in claim.superseded_by if other in named][:1]}
    order = {claim.id: place for place, claim in enumerate(claims)}
    placed = sorted([*pairs, *corrected], key=lambda pair: (order[pair[0]], order[pair[1]]))
    return tuple((_sentence(named[one]), _sentence(named[other])) for one, other in placed)


def _references(used: Iterable[str], quotes: Mapping[str, Evidence], snapshots: Sequence[Snapshot]) -> tuple[Reference, ...]:
    """One per cited snapshot, numbered in the order in which the report first cites them."""
    known = {snapshot.id: snapshot for snapshot in snapshots}
    cited: dict[str, dict[str, None]] = {}
    for name in used:
        cited.setdefault(quotes[name].snapshot, {})[name] = None
    return tuple(
        Reference(
            number=number,
            snapshot=key,
            title=known[key].title,
            url=known[key].url,
            origin=known[key].origin,
            published=known[key].published,
            authors=known[key].authors,
            language=known[key].language,
            fetched_at=known[key].fetched_at,
            evidence=tuple(names),
            pages=tuple(pages_of(known[key].pages, quotes[name].start, quotes[name].end) for name in names) if known[key].pages else (),
        )
        for number, (key, names) in enumerate(cited.items(), start=1)
    )


def counts(report: Report) -> Counts:
    """How much is in a report."""
    sentences = [*report.answer, *(sentence for section in report.sections for sentence in section.sentences)]
    return Counts(
        sentences=len(sentences),
        claims=len(report.claims),
        sources=len(report.snapshots),
        cited=len(report.references),
        corroborated=sum(sentence.verdict is Verdict.CORROBORATED for sentence in sentences),
        disagreements=len(report.disagreements),
        missed=len(report.missed),
    )
