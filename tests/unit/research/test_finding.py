from __future__ import annotations

from datetime import UTC, datetime

import pytest

from synapse.contracts.evidence import Claim, Evidence, Snapshot, Verdict
from synapse.contracts.report import Report
from synapse.research.finding import found, words_of

TEXT = "Late acknowledgement runs a task twice. A queue is durable."
PAGE = Snapshot(id="0" * 64, url="https://a.example", title="A", origin="a.example", fetched_at=datetime.now(UTC), length=len(TEXT))


def _claim(at: int, text: str, evidence: str) -> Claim:
    return Claim(id=f"c{at}", text=text, subquestion="q1", score=1.0, evidence=(evidence,), origins=("a",), verdict=Verdict.SINGLE_SOURCE)


def _evidence(name: str, quote: str) -> Evidence:
    start = TEXT.index(quote)
    return Evidence(id=name, snapshot=PAGE.id, start=start, end=start + len(quote), quote=quote)


REPORT = Report(
    question="?",
    answer=(),
    sections=(),
    references=(),
    claims=(_claim(1, "It is durable.", "e2"), _claim(2, "Late acknowledgement runs a task twice.", "e1")),
    evidence=(_evidence("e1", "Late acknowledgement runs a task twice."), _evidence("e2", "A queue is durable.")),
    snapshots=(PAGE,),
)


def test_words_that_stand_everywhere_are_not_looked_for() -> None:
    assert words_of("what is the") == frozenset()
    assert words_of("Acknowledging tasks") == words_of("acknowledge the task")


def test_what_a_claim_says_counts_more_than_what_its_quotes_say() -> None:
    (claim,) = found("r", REPORT, words_of("queue"))
    assert (claim.claim, claim.score) == ("c1", 0.7)
    (claim,) = found("r", REPORT, words_of("durable"))
    assert (claim.claim, claim.score) == ("c1", 1.0)


def test_the_best_is_first_and_each_quote_has_its_place() -> None:
    claims = found("r", REPORT, words_of("late acknowledgement of durable tasks"))
    assert [claim.claim for claim in claims] == ["c2", "c1"]
    (quote,) = claims[0].quotes
    assert TEXT[quote.start : quote.end] == quote.quote
    assert (quote.evidence, quote.url, quote.title) == ("e1", PAGE.url, "A")


@pytest.mark.parametrize("query", ["zeppelin", "tidal wave"])
def test_what_has_none_of_the_words_is_not_found(query: str) -> None:
    assert found("r", REPORT, words_of(query)) == []
