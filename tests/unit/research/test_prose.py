from __future__ import annotations

import pytest

from synapse.contracts.evidence import Claim, Evidence, Verdict
from synapse.research.plan import plan
from synapse.research.prose import ProposedSentence, accepted, shown

PAGE = "a" * 64
SPRING = "Spring tides occur when the Sun, the Moon and the Earth stand in a line."
NEAP = "Neap tides occur when the Sun and the Moon pull at right angles."


def evidence(name: str, quote: str) -> Evidence:
    return Evidence(id=name, snapshot=PAGE, start=0, end=len(quote), quote=quote)


def claim(name: str, text: str, cited: tuple[str, ...], verdict: Verdict = Verdict.SINGLE_SOURCE, score: float = 1.0) -> Claim:
    return Claim(id=name, text=text, subquestion="q1", score=score, evidence=cited, origins=("a.org",), verdict=verdict)


QUOTES = [evidence("e1", SPRING), evidence("e2", NEAP), evidence("e3", SPRING + " So they do."), evidence("e4", "Nobody claims this.")]
CLAIMS = [claim("c1", SPRING, ("e1", "e3"), Verdict.CORROBORATED), claim("c2", NEAP, ("e2",), score=2.0)]
BOTH = "Spring tides occur when the Sun, the Moon and the Earth are in a line, neap tides when they pull at right angles."


def test_a_sentence_on_its_quotes_stands_as_a_models() -> None:
    (made,), faults = accepted([ProposedSentence(text=BOTH, evidence=["e1", "e2"])], CLAIMS, QUOTES)
    assert (made.text, made.evidence, made.claim, made.verdict, made.by_model) == (BOTH, ("e1", "e2"), "c1", Verdict.SINGLE_SOURCE, True)
    assert faults == []


def test_it_is_corroborated_only_if_all_it_rests_on_is_and_then_cites_who_agrees() -> None:
    text = "Spring tides occur when the Sun, the Moon and the Earth are in a line."
    (made,), _ = accepted([ProposedSentence(text=text, evidence=["e1"])], CLAIMS, QUOTES)
    assert (made.evidence, made.verdict) == (("e1", "e3"), Verdict.CORROBORATED)


def test_a_conflict_of_one_claim_is_the_sentences() -> None:
    disputed = [CLAIMS[0], CLAIMS[1].model_copy(update={"verdict": Verdict.CONFLICT})]
    (made,), _ = accepted([ProposedSentence(text=BOTH, evidence=["e1", "e2"])], disputed, QUOTES)
    assert made.verdict is Verdict.CONFLICT


@pytest.mark.parametrize(
    ("text", "cited", "why"),
    [
        (SPRING, [], "cites nothing"),
        (SPRING, ["e1", "e999"], "evidence that there is not"),
        ("Nobody claims this.", ["e4"], "evidence that there is not"),
        (SPRING, ["e1", "e2", "e3", "e4", "e5"], "too much"),
        ("Spring tides occur 14 times when the Moon stands in a line.", ["e1"], "14"),
    ],
)
def test_a_sentence_that_does_not_hold_is_left_out_with_the_reason(text: str, cited: list[str], why: str) -> None:
    kept, (fault,) = accepted([ProposedSentence(text=text, evidence=cited)], CLAIMS, QUOTES)
    assert kept == []
    assert why in fault


def test_nothing_is_said_twice_and_not_endlessly() -> None:
    kept, faults = accepted([ProposedSentence(text=SPRING, evidence=["e1"])] * 100, CLAIMS, QUOTES)
    assert (len(kept), faults) == (1, [])


def test_the_model_is_shown_quotes_by_id_the_best_claims_first_and_no_address() -> None:
    data = shown("What are\ntides?", plan("What are tides?"), CLAIMS, QUOTES)
    assert [line.split(" | ")[0] for line in data["quotes"].splitlines()] == ["e2", "e1", "e3"]
    assert data["question"] == "What are tides?"


def test_what_is_shown_is_bounded() -> None:
    many = [evidence(f"e{n}", f"{n} " + "word " * 100) for n in range(1, 200)]
    claims = [claim(f"c{n}", "x", (f"e{n}",)) for n in range(1, 200)]
    assert len(shown("Why?", plan("Why?"), claims, many)["quotes"]) < 25_000


def test_what_no_longer_holds_is_neither_shown_nor_told() -> None:
    old = [CLAIMS[0].model_copy(update={"verdict": Verdict.SUPERSEDED}), CLAIMS[1]]
    assert list(shown("What are tides?", plan("What are tides?"), old, QUOTES)["quotes"].splitlines()) == [f"e2 | {NEAP}"]
    kept, (fault,) = accepted([ProposedSentence(text=SPRING, evidence=["e1"])], old, QUOTES)
    assert (kept, fault) == ([], "it cites evidence that there is not")
