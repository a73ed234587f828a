from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.contracts.evidence import Verdict
from synapse.research.ledger import build
from synapse.research.plan import plan
from tests.unit.research.factory import MORE_TIDES, TIDES, document, ledger


def test_claims_answer_the_question_and_quote_the_page() -> None:
    page = document(TIDES)
    _, found = ledger("When do spring tides occur?", [page])
    assert found.claims[0].text == "Spring tides occur when the Sun, the Moon and the Earth stand in a line."
    assert all(page.text[item.start : item.end] == item.quote for item in found.evidence)


def test_pointing_and_navigation_never_become_claims() -> None:
    _, found = ledger("What are tides and why do they happen?", [document(TIDES), document(MORE_TIDES)])
    assert found.claims
    assert not any("following section" in claim.text or claim.text.startswith("See") for claim in found.claims)


def test_what_two_origins_say_is_one_claim_with_evidence_of_both() -> None:
    _, found = ledger("When do spring tides occur?", [document(TIDES, "https://a.org/1"), document(MORE_TIDES, "https://b.org/1")])
    spring = [claim for claim in found.claims if "pring tides occur" in claim.text]
    assert [claim.verdict for claim in spring] == [Verdict.CORROBORATED]
    assert set(spring[0].origins) == {"a.org", "b.org"}
    assert len(spring[0].evidence) == 2


def test_a_conflict_names_both_claims() -> None:
    one, other = "The tower of the old town is 50 metres high.", "The tower of the old town is 60 metres high."
    _, found = ledger("How high is the tower of the old town?", [document(one, "https://a.org/1"), document(other, "https://b.org/1")])
    assert {claim.verdict for claim in found.claims} == {Verdict.CONFLICT}
    assert [claim.conflicts_with for claim in found.claims] == [("c2",), ("c1",)]


def test_a_sentence_is_claimed_for_one_subquestion_only() -> None:
    _, found = ledger("What is the difference between spring tides and neap tides?", [document(TIDES)])
    texts = [claim.text for claim in found.claims]
    assert len(texts) == len(set(texts))


def test_at_most_so_many_claims_per_subquestion() -> None:
    text = "\n\n".join(
        f"Tides of harbour {name} are caused by the pull of moon {name}." for name in ("Ada", "Bob", "Cleo", "Dora", "Emil", "Fritz")
    )
    assert len(build(plan("What causes tides?"), [document(text)], per_question=2).claims) <= 2


def test_no_documents_are_no_claims() -> None:
    assert build(plan("What are tides?"), []).claims == ()


_parts = TIDES.split("\n\n") + MORE_TIDES.split("\n\n") + ["```\ncode is.\n```", "- Tides are a list item of eight words here."]


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from(_parts), min_size=1, max_size=9), max_size=3))
def test_every_quote_stands_at_its_offset_and_every_claim_has_its_evidence(pages: list[list[str]]) -> None:
    documents = list({page.snapshot.id: page for page in (document("\n\n".join(parts)) for parts in pages)}.values())
    texts = {page.snapshot.id: page.text for page in documents}
    found = build(plan("What are tides and when do spring tides occur?"), documents)
    known = {item.id for item in found.evidence}
    assert all(texts[item.snapshot][item.start : item.end] == item.quote for item in found.evidence)
    assert all(set(claim.evidence) <= known for claim in found.claims)
    assert len({claim.id for claim in found.claims}) == len(found.claims)
    assert len(known) == len(found.evidence)
