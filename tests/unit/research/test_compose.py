from __future__ import annotations

from dataclasses import replace

import pytest

from synapse.contracts.evidence import Claim, Evidence, SubQuestion, Verdict
from synapse.contracts.report import Missed
from synapse.research.citations import check
from synapse.research.compose import compose, counts
from tests.unit.research.factory import MORE_TIDES, NEW_RULES, OLD_RULES, TIDES, changed, document, report

PAGES = [document(TIDES, "https://a.org/tides", "Tides"), document(MORE_TIDES, "https://b.org/why", "Why tides happen")]


def test_the_answer_comes_first_and_nothing_is_said_twice() -> None:
    made, _ = report("What are tides and when do spring tides occur?", PAGES)
    said = [sentence.text for sentence in made.answer] + [sentence.text for section in made.sections for sentence in section.sentences]
    assert made.answer[0].text.startswith("Tides are the rise and fall")
    assert len(said) == len(set(said))


def test_every_subquestion_with_a_claim_is_in_the_answer() -> None:
    made, _ = report("What are tides and when do spring tides occur?", PAGES)
    asked = {claim.id: claim.subquestion for claim in made.claims}
    assert {asked[sentence.claim] for sentence in made.answer} == {"q1", "q2"}


def test_of_the_sides_of_a_comparison_the_answer_has_one_sentence_each() -> None:
    asked = (
        SubQuestion(id="q1", text="What is the difference between a and b?", query="a b"),
        SubQuestion(id="q2", text="What is a?", query="a"),
        SubQuestion(id="q3", text="What is b?", query="b"),
    )
    page = document("Both. One. Two. Three. Four.")
    quotes = [Evidence(id=f"e{at}", snapshot=page.snapshot.id, start=0, end=5, quote="Both.") for at in range(6)]
    claims = [
        Claim(
            id=f"c{at}", text=f"Both {at}.", subquestion=name, score=2.0 - at / 10, evidence=(f"e{at}",), origins=("x",),
            verdict=Verdict.SINGLE_SOURCE,
        )
        for at, name in enumerate(("q2", "q2", "q1", "q1", "q3", "q3"))
    ]  # fmt: skip
    made = compose(asked[0].text, asked, claims, quotes, [page.snapshot])
    assert [sentence.claim for sentence in made.answer] == ["c2", "c3", "c0", "c4"]


def test_references_are_numbered_as_they_are_first_cited() -> None:
    made, _ = report("When do spring tides occur?", PAGES)
    quotes = {item.id: item.snapshot for item in made.evidence}
    assert made.references[0].snapshot == quotes[made.answer[0].evidence[0]]
    assert [reference.number for reference in made.references] == list(range(1, len(made.references) + 1))


def test_what_found_nothing_is_named() -> None:
    made, _ = report("What are tides and why is Mongolia dry?", PAGES)
    assert [item.text for item in made.unanswered] == ["Why is Mongolia dry?"]


def test_no_evidence_is_an_empty_answer_not_an_invented_one() -> None:
    made, _ = report("What is the capital of Mongolia?", PAGES, missed=[Missed(what="https://c.org", reason="timeout")])
    assert made.answer == ()
    assert made.sections == ()
    assert made.references == ()
    assert [item.reason for item in made.missed] == ["timeout"]
    assert counts(made).sentences == 0


def test_within_a_section_a_source_is_read_in_its_own_order() -> None:
    page = document("x" * 100)
    claims = [
        Claim(
            id=f"c{at}",
            text=f"Statement {at} is made.",
            subquestion="q1",
            score=1.0 if at == 9 else 0.1 * at,
            evidence=(f"e{at}",),
            origins=("a",),
            verdict=Verdict.SINGLE_SOURCE,
        )
        for at in (9, 1, 3, 2)
    ]
    evidence = [Evidence(id=f"e{at}", snapshot=page.snapshot.id, start=at, end=at + 1, quote="x") for at in (9, 1, 3, 2)]
    made = compose("Why?", [SubQuestion(id="q1", text="Why?", query="why")], claims, evidence, [page.snapshot])
    assert [sentence.claim for sentence in made.sections[0].sentences] == ["c1", "c2", "c3"]


def test_a_disagreement_shows_both_sides_once() -> None:
    one, other = "The tower of the old town is 50 metres high.", "The tower of the old town is 60 metres high."
    made, _ = report("How high is the tower of the old town?", [document(one, "https://a.org/1"), document(other, "https://b.org/1")])
    assert [{sentence.text for sentence in pair} for pair in made.disagreements] == [{one, other}]
    assert counts(made).disagreements == 1


def test_a_claim_without_its_evidence_is_refused() -> None:
    claim = Claim(id="c1", text="It is so.", subquestion="q1", score=1, evidence=("e1",), origins=("a",), verdict=Verdict.SINGLE_SOURCE)
    with pytest.raises(KeyError):
        compose("Why?", [SubQuestion(id="q1", text="Why?", query="why")], [claim], [], [])


def test_a_reference_says_on_which_pages_each_of_its_quotes_stands() -> None:
    paper = document(TIDES)
    starts = (0, TIDES.index("Spring") + 5, TIDES.index("Neap"))
    stated = {"pages": starts, "authors": ("A. Author",), "language": "en"}
    made, _ = report("When do spring tides occur?", [replace(paper, snapshot=paper.snapshot.model_copy(update=stated))])
    (reference,) = made.references
    quotes = {item.id: item.quote for item in made.evidence}
    pages = {quotes[name].split()[0]: pages for name, pages in zip(reference.evidence, reference.pages, strict=True)}
    assert pages["Spring"] == (1, 2)
    assert (reference.authors, reference.language) == (("A. Author",), "en")
    plain, _ = report("When do spring tides occur?", [document(TIDES)])
    assert plain.references[0].pages == ()


def test_what_a_newer_edition_changed_is_told_once_and_not_in_the_answer() -> None:
    made, texts = changed()
    assert [sentence.text for sentence in made.answer] == [NEW_RULES]
    assert made.sections == ()
    assert [(one.text, other.text) for one, other in made.disagreements] == [(NEW_RULES, OLD_RULES)]
    assert check(made, texts) == []
    assert {reference.url for reference in made.references} == {"corpus://h/hr/leave-2025.md", "corpus://h/hr/leave-2023.md"}


def test_what_no_longer_holds_answers_only_when_nothing_else_does_and_says_so() -> None:
    draft = document(f"Leave\n\nStatus: draft\n\n{OLD_RULES}", "https://a.org/1")
    made, _ = report("How many days of leave do employees receive?", [draft])
    assert [(sentence.text, sentence.verdict) for sentence in made.answer] == [(OLD_RULES, Verdict.SUPERSEDED)]
