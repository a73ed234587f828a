"""Documents in, claims with their evidence out: the evidence ledger of a run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from synapse.contracts.evidence import Claim, Evidence, SubQuestion, Verdict
from synapse.research.blocks import Kind
from synapse.research.claims import Statement, statement
from synapse.research.corroborate import Support, conflict, overlap, same_statement, support, voices
from synapse.research.editions import editions
from synapse.research.intent import Intent, intent_of
from synapse.research.passages import Document, Index, index
from synapse.research.salience import opening, salience
from synapse.research.succession import Succession

# Under this share of the question's words (by weight), a sentence is about something else.
_LEAST_COVERAGE = 0.58
# The more words a question has, the fewer of them an answer repeats.
_PER_MORE_WORD, _FEW_WORDS, _LEAST_AT_ALL = 0.04, 3, 0.44
# A comparison is only drawn by a sentence that speaks of both sides.
_LEAST_COMPARED = 0.72
# Under this part of the best sentence's score, more sentences only dilute the answer.
_LEAST_SHARE = 0.65
# Unless there are only so few; then down to this part.
_FEW_PICKS, _LEAST_SHARE_OF_FEW = 3, 0.5
# With fewer sentences than that a question is hardly answered.
_THIN = 2
_TOO_ALIKE = 0.55
# What a sentence is worth in a document that no longer holds, or that a newer edition took the place of.
_OUT_OF_FORCE = 0.6
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
    statement: Statement


def build(questions: Sequence[SubQuestion], documents: Sequence[Document], *, per_question: int = 6) -> Ledger:
    """At most ``per_question`` claims for each sub-question. A sentence is claimed once, where it answers best."""
    indexed = index(documents)
    known = editions(documents)
    statements = _Statements(indexed)
    succession = Succession(indexed, known, statements.usable)
    chosen = _choose(indexed, _ranked(indexed, questions, statements, succession), per_question, succession)
    picks = _with_successors(chosen, statements, succession)
    names = voices(indexed, known)
    supports = [
        support(indexed, pick.passage, lambda at, pick=pick: statements.usable(at) and succession.may_support(at, pick.passage), names)  # type: ignore[misc]
        for pick in picks
    ]
    return _written(indexed, statements, picks, supports, succession)


class _Statements:
    """Passage → how it reads alone, worked out when first asked for."""

    def __init__(self, indexed: Index) -> None:
        self._indexed = indexed
        self._known: dict[int, Statement | None] = {}

    def __getitem__(self, at: int) -> Statement | None:
        if at not in self._known:
            passage = self._indexed.passages[at]
            self._known[at] = statement(passage.span, self._indexed.documents[passage.document].text)
        return self._known[at]

    def usable(self, at: int) -> bool:
        return self[at] is not None

    def told(self, at: int) -> Statement:
        """How a passage reads alone that is known to."""
        said = self[at]
        if said is None:
            raise ValueError(f"passage {at} makes no statement")
        return said


def _with_successors(picks: list[_Pick], statements: _Statements, succession: Succession) -> list[_Pick]:
    """The picks, and what newer editions say instead of them where it was not picked for its own words."""
    known = {pick.passage for pick in picks}
    found = list(picks)
    for pick in picks:
        successors = [at for at in succession.successors(pick.passage) if not succession.superseded(at)]
        if successors and known.isdisjoint(successors):
            known.add(successors[0])
            found.append(_Pick(successors[0], pick.subquestion, pick.score, statements.told(successors[0])))
    return found


def _ranked(indexed: Index, questions: Sequence[SubQuestion], statements: _Statements, succession: Succession) -> list[list[_Pick]]:
    """Per sub-question the sentences that may answer it, best first."""
    lists = []
    for question in questions:
        picks: list[_Pick] = []
        best = 0.0
        least = _least(question)
        found = [
            replace(item, score=round(item.score * _OUT_OF_FORCE, 4)) if succession.superseded(item.passage) else item
            for item in salience(indexed, question, least=least)
        ]
        for item in sorted(found, key=lambda item: (-item.score, item.passage)):
            if item.score < best * (_LEAST_SHARE if len(picks) >= _FEW_PICKS else _LEAST_SHARE_OF_FEW):
                break
            said = statements[item.passage]
            if said is not None:
                best = max(best, item.score)
                picks.append(_Pick(item.passage, question.id, item.score, said))
        if len(picks) < _THIN and intent_of(question.text) is not Intent.COMPARISON:
            picks += _opening(indexed, question, statements, succession, {pick.passage for pick in picks})
        lists.append(picks)
    return lists


def _opening(indexed: Index, question: SubQuestion, statements: _Statements, succession: Succession, known: Collection[int]) -> list[_Pick]:
    """The first sentences under a heading or title that says what is asked: whoever wrote it meant to answer there."""
    picks = []
    for item in opening(indexed, question):
        said = statements[item.passage]
        if said is not None and item.passage not in known and not succession.superseded(item.passage):
            picks.append(_Pick(item.passage, question.id, item.score, said))
        if len(picks) == _FEW_PICKS:
            break
    return picks


def _least(question: SubQuestion) -> float:
    if intent_of(question.text) is Intent.COMPARISON:
        return _LEAST_COMPARED
    more = max(0, len(question.query.split()) - _FEW_WORDS)
    return max(_LEAST_AT_ALL, _LEAST_COVERAGE - _PER_MORE_WORD * more)


def _choose(indexed: Index, lists: Sequence[Sequence[_Pick]], per_question: int, succession: Succession) -> list[_Pick]:
    """In turns each sub-question takes the best sentence not yet said, until it has ``per_question``.

    Taking turns keeps one sub-question from claiming what answers its neighbour best; the first one asked chooses first.
    """
    chosen: list[_Pick] = []
    waiting = [iter(picks) for picks in lists]
    for _ in range(per_question):
        for picks in waiting:
            pick = next((pick for pick in picks if not _said(indexed, pick, chosen, succession)), None)
            if pick is not None:
                # A sentence read together with the one before it says that one as well: it is not said twice.
                chosen = [other for other in chosen if other.statement.text not in pick.statement.text]
                chosen.append(pick)
    return chosen


def _said(indexed: Index, pick: _Pick, chosen: Sequence[_Pick], succession: Succession) -> bool:
    passage = indexed.passages[pick.passage]
    for other in chosen:
        known = indexed.passages[other.passage]
        of_one_table = passage.span.kind is Kind.TABLE and passage.document == known.document and passage.span.lead == known.span.lead
        if conflict(passage, known) or (of_one_table and pick.passage != other.passage):
            continue
        if other.passage in succession.successors(pick.passage) or pick.passage in succession.successors(other.passage):
            continue
        alike = overlap(indexed, passage, known) >= _TOO_ALIKE or same_statement(indexed, passage, known)
        if alike or pick.statement.text in other.statement.text:
            return True
    return False


def _conflicts(indexed: Index, picks: Sequence[_Pick], succession: Succession) -> list[set[int]]:
    """Per pick that holds, the other such picks from other pages that it cannot well be true with."""
    found: list[set[int]] = [set() for _ in picks]
    for one in range(len(picks)):
        for other in range(one):
            first, second = indexed.passages[picks[one].passage], indexed.passages[picks[other].passage]
            if succession.superseded(picks[one].passage) or succession.superseded(picks[other].passage):
                continue
            if first.document != second.document and conflict(first, second):
                found[one].add(other)
                found[other].add(one)
    return found


def _written(
    indexed: Index, statements: _Statements, picks: Sequence[_Pick], supports: Sequence[Support], succession: Succession
) -> Ledger:
    conflicts = _conflicts(indexed, picks, succession)
    places = {pick.passage: f"c{number}" for number, pick in enumerate(picks, start=1)}
    ids: dict[int, str] = {}
    evidence: list[Evidence] = []
    claims: list[Claim] = []
    for number, (pick, found) in enumerate(zip(picks, supports, strict=True)):
        found = replace(found, passages=_one_per_document(indexed, found.passages)[:_MOST_EVIDENCE])
        for at in found.passages:
            if at not in ids:
                ids[at] = f"e{len(ids) + 1}"
                evidence.append(_quoted(indexed, statements, at, ids[at]))
        claims.append(
            Claim(
                id=f"c{number + 1}",
                text=pick.statement.text,
                subquestion=pick.subquestion,
                score=pick.score,
                evidence=tuple(ids[at] for at in found.passages),
                origins=found.origins,
                verdict=_verdict(pick, found, conflicts[number], succession),
                conflicts_with=tuple(f"c{other + 1}" for other in sorted(conflicts[number])),
                superseded_by=tuple(places[at] for at in succession.successors(pick.passage) if at in places),
                as_of=succession.date(pick.passage),
            )
        )
    return Ledger(tuple(claims), tuple(evidence))


def _verdict(pick: _Pick, found: Support, conflicts: set[int], succession: Succession) -> Verdict:
    if succession.superseded(pick.passage):
        return Verdict.SUPERSEDED
    return Verdict.CONFLICT if conflicts else found.verdict


def _one_per_document(indexed: Index, passages: Sequence[int]) -> tuple[int, ...]:
    """The first of each document, in the given order: the claim's own passage stays the first."""
    kept: dict[int, int] = {}
    for at in passages:
        kept.setdefault(indexed.passages[at].document, at)
    return tuple(kept.values())


def _quoted(indexed: Index, statements: _Statements, at: int, name: str) -> Evidence:
    document = indexed.documents[indexed.passages[at].document]
    said = statements.told(at)
    return Evidence(id=name, snapshot=document.snapshot.id, start=said.start, end=said.end, quote=document.text[said.start : said.end])
