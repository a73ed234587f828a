"""Documents in, claims with their evidence out: the evidence ledger of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from synapse.contracts.evidence import Claim, Evidence, SubQuestion, Verdict
from synapse.research.claims import statement
from synapse.research.corroborate import Support, conflict, overlap, same_statement, support, voices
from synapse.research.salience import Document, Index, index, salience

# Under this share of the question's words (by weight), a sentence is about something else.
_LEAST_COVERAGE = 0.5
# Under this part of the best sentence's score, more sentences only dilute the answer.
_LEAST_SHARE = 0.45
_TOO_ALIKE = 0.55
_MOST_EVIDENCE = 4


@dataclass(frozen=True)
class Ledger:
    """Claims, best first within each sub-question, and the evidence they name."""

    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Pick:
    passage: int
    subquestion: str
    score: float
    text: str


def build(questions: Sequence[SubQuestion], documents: Sequence[Document], *, per_question: int = 8) -> Ledger:
    """At most ``per_question`` claims for each sub-question. A sentence is claimed once, where it answers best."""
    indexed = index(documents)
    statements = _Statements(indexed)
    picks = _choose(indexed, _ranked(indexed, questions, statements), per_question)
    names = voices(indexed)
    supports = [support(indexed, pick.passage, statements.usable(), names) for pick in picks]
    return _written(indexed, picks, supports, _conflicts(indexed, picks))


class _Statements:
    """Passage → how it reads alone, worked out when first asked for."""

    def __init__(self, indexed: Index) -> None:
        self._indexed = indexed
        self._known: dict[int, str | None] = {}

    def __getitem__(self, at: int) -> str | None:
        if at not in self._known:
            self._known[at] = statement(self._indexed.passages[at].span)
        return self._known[at]

    def usable(self) -> set[int]:
        return {at for at in range(len(self._indexed.passages)) if self[at] is not None}


def _ranked(indexed: Index, questions: Sequence[SubQuestion], statements: _Statements) -> list[list[_Pick]]:
    """Per sub-question the sentences that may answer it, best first."""
    lists = []
    for question in questions:
        picks: list[_Pick] = []
        best = 0.0
        for item in salience(indexed, question):
            if item.score < best * _LEAST_SHARE:
                break
            if item.coverage < _LEAST_COVERAGE:
                continue
            text = statements[item.passage]
            if text is not None:
                best = max(best, item.score)
                picks.append(_Pick(item.passage, question.id, item.score, text))
        lists.append(picks)
    return lists


def _choose(indexed: Index, lists: Sequence[Sequence[_Pick]], per_question: int) -> list[_Pick]:
    """Each sentence once, nothing said twice, at most ``per_question`` per sub-question."""
    owner: dict[int, _Pick] = {}
    for picks in lists:
        for pick in picks:
            if pick.passage not in owner or pick.score > owner[pick.passage].score:
                owner[pick.passage] = pick
    chosen: list[_Pick] = []
    for picks in lists:
        taken = 0
        for pick in picks:
            if taken == per_question:
                break
            if owner[pick.passage] is pick and not _said(indexed, pick, chosen):
                chosen.append(pick)
                taken += 1
    return chosen


def _said(indexed: Index, pick: _Pick, chosen: Sequence[_Pick]) -> bool:
    passage = indexed.passages[pick.passage]
    for other in chosen:
        known = indexed.passages[other.passage]
        if conflict(passage, known):
            continue
        if pick.text == other.text or overlap(indexed, passage, known) >= _TOO_ALIKE or same_statement(indexed, passage, known):
            return True
    return False


def _conflicts(indexed: Index, picks: Sequence[_Pick]) -> list[set[int]]:
    """Per pick, the other picks from other pages that it cannot well be true with."""
    found: list[set[int]] = [set() for _ in picks]
    for one in range(len(picks)):
        for other in range(one):
            first, second = indexed.passages[picks[one].passage], indexed.passages[picks[other].passage]
            if first.document != second.document and conflict(first, second):
                found[one].add(other)
                found[other].add(one)
    return found


def _written(indexed: Index, picks: Sequence[_Pick], supports: Sequence[Support], conflicts: Sequence[set[int]]) -> Ledger:
    ids: dict[int, str] = {}
    evidence: list[Evidence] = []
    claims: list[Claim] = []
    for number, (pick, found) in enumerate(zip(picks, supports, strict=True)):
        found = replace(found, passages=_one_per_document(indexed, found.passages)[:_MOST_EVIDENCE])
        for at in found.passages:
            if at not in ids:
                ids[at] = f"e{len(ids) + 1}"
                evidence.append(_quoted(indexed, at, ids[at]))
        claims.append(
            Claim(
                id=f"c{number + 1}",
                text=pick.text,
                subquestion=pick.subquestion,
                score=pick.score,
                evidence=tuple(ids[at] for at in found.passages),
                origins=found.origins,
                verdict=Verdict.CONFLICT if conflicts[number] else found.verdict,
                conflicts_with=tuple(f"c{other + 1}" for other in sorted(conflicts[number])),
            )
        )
    return Ledger(tuple(claims), tuple(evidence))


def _one_per_document(indexed: Index, passages: Sequence[int]) -> tuple[int, ...]:
    return tuple({indexed.passages[at].document: at for at in reversed(passages)}.values())[::-1]


def _quoted(indexed: Index, at: int, name: str) -> Evidence:
    passage = indexed.passages[at]
    document = indexed.documents[passage.document]
    start, end = passage.span.start, passage.span.end
    return Evidence(id=name, snapshot=document.snapshot.id, start=start, end=end, quote=document.text[start:end])
