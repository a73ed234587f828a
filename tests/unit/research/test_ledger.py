from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.contracts.evidence import Verdict
from synapse.research.citations import taken_from
from synapse.research.ledger import build
from synapse.research.passages import Document
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


def _edition(text: str, name: str, root: str = "corpus://handbook/hr") -> Document:
    return document(text, f"{root}/{name}", "Leave policy of the company")


OLD, NEW = (
    _edition("Employees receive 23 days of leave a year.", "leave-2023.md"),
    _edition("Employees receive 26 days of leave a year.", "leave-2025.md"),
)
ASKED = "How many days of leave do employees receive?"


def verdicts(asked: str, *documents: Document) -> dict[str, Verdict]:
    _, found = ledger(asked, documents)
    return {claim.text: claim.verdict for claim in found.claims}


def test_what_a_newer_edition_says_otherwise_is_superseded_by_it() -> None:
    _, found = ledger(ASKED, [OLD, NEW])
    new, old = sorted(found.claims, key=lambda claim: -claim.score)
    assert (new.text, new.verdict) == ("Employees receive 26 days of leave a year.", Verdict.SINGLE_SOURCE)
    assert (old.verdict, old.superseded_by, old.conflicts_with) == (Verdict.SUPERSEDED, (new.id,), ())
    assert (new.as_of, old.as_of) == ("2025", "2023")


@pytest.mark.parametrize(
    ("asked", "old", "new"),
    [
        ("When do carried days of leave lapse?", "Carried days of leave lapse on 31 January.", "Carried days of leave lapse on 31 March."),
        ("Is the leave of employees paid out?", "Leave of the employees is not paid out.", "Leave of the employees is paid out."),
        ("How much leave do employees receive?", "Employees receive two weeks of leave.", "Employees receive 15 days of leave."),
        (
            "How is leave of employees recorded?",
            "Leave of employees is recorded on paper cards.",
            "Leave of employees is recorded in the Rota tool.",
        ),
    ],
)
def test_another_date_sign_unit_or_name_supersedes(asked: str, old: str, new: str) -> None:
    found = verdicts(asked, _edition(old, "leave-2023.md"), _edition(new, "leave-2025.md"))
    assert found.get(old, Verdict.SUPERSEDED) is Verdict.SUPERSEDED
    assert found[new] is Verdict.SINGLE_SOURCE


def test_what_a_newer_edition_repeats_still_holds_and_is_one_voice() -> None:
    text = "Employees receive 26 days of leave a year."
    found = verdicts(ASKED, _edition(text, "leave-2023.md"), _edition(f"{text}\n\nTrainees too.", "leave-2025.md"))
    assert found == {text: Verdict.SINGLE_SOURCE}


def test_a_document_that_calls_itself_a_draft_does_not_hold_nor_conflict() -> None:
    draft = document("Leave\n\nStatus: draft\n\nEmployees receive 30 days of leave a year.", "https://a.org/1")
    final = document("Employees receive 26 days of leave a year.", "https://b.org/1")
    assert verdicts(ASKED, draft, final) == {
        "Employees receive 26 days of leave a year.": Verdict.SINGLE_SOURCE,
        "Employees receive 30 days of leave a year.": Verdict.SUPERSEDED,
    }


def test_what_no_longer_holds_does_not_corroborate() -> None:
    text = "Employees receive 26 days of leave a year."
    assert verdicts(ASKED, document(f"Leave\n\nStatus: archived\n\n{text}", "https://a.org/1"), document(text, "https://b.org/1")) == {
        text: Verdict.SINGLE_SOURCE
    }


def test_the_same_quantity_in_another_unit_is_no_conflict() -> None:
    one, other = "The cache of the old server holds 5 GB.", "The cache of the old server holds 5120 MB."
    found = verdicts(
        "How much does the cache of the old server hold?", document(one, "https://a.org/1"), document(other, "https://b.org/1")
    )
    assert set(found.values()) == {Verdict.CORROBORATED}


def test_a_row_of_a_table_is_a_claim_with_its_heading_and_head() -> None:
    page = document("Price list\n\nProduct | Price\n\nLogger | £20\n\nCable | £4")
    _, found = ledger("What is the price of the logger?", [page])
    assert found.claims[0].text == "Price list (Product; Price): Logger; £20"
    assert found.evidence[0].quote == "Price list\n\nProduct | Price\n\nLogger | £20"


def test_a_sentence_that_goes_on_with_a_pronoun_is_told_with_the_one_before() -> None:
    page = document("A new version goes to ten servers. It stays there for 45 minutes.")
    _, found = ledger("How long does a new version stay on the servers?", [page])
    assert [claim.text for claim in found.claims] == ["A new version goes to ten servers. It stays there for 45 minutes."]


_EDITIONS = [
    OLD,
    NEW,
    _edition("Employees receive 20 days of leave a year.\n\nLeave is asked for on paper.", "leave-2020.md"),
    document("Employees receive 26 days of leave a year.", "https://b.org/1"),
    document("Employees receive 28 days of leave a year.", "https://c.org/1"),
    document("Leave\n\nStatus: draft\n\nEmployees receive 30 days of leave a year.", "https://d.org/1"),
]


@settings(max_examples=40)
@given(st.permutations(_EDITIONS))
def test_verdicts_do_not_depend_on_the_order_of_documents(documents: list[Document]) -> None:
    found = verdicts(ASKED, *documents)
    assert {text: verdict is Verdict.SUPERSEDED for text, verdict in found.items()} == {
        text: verdict is Verdict.SUPERSEDED for text, verdict in verdicts(ASKED, *_EDITIONS).items()
    }
    assert found == verdicts(ASKED, *_EDITIONS)


def test_the_claims_own_quote_comes_first_whatever_else_its_page_says_of_it() -> None:
    rule = "The context manager must have an enter method and an exit method."
    pages = [
        document(f"{rule}\n\nA context manager must have an exit method and an enter method.", "https://a.org/1"),
        document("Every context manager must have an enter method and an exit method.", "https://b.org/2"),
    ]
    _, found = ledger("What must a context manager have?", pages)
    quotes = {item.id: item.quote for item in found.evidence}
    assert len(found.claims[0].evidence) == 2
    assert all(taken_from(claim.text, quotes[claim.evidence[0]]) for claim in found.claims)


def test_where_no_sentence_answers_what_stands_under_a_title_that_asks_the_same_does() -> None:
    page = document("Checking again\n\nEvery quote is looked up.\n\nEvery page is hashed.", title="How to verify a report")
    _, found = ledger("How can I verify a report?", [page])
    assert [claim.text for claim in found.claims] == ["Every quote is looked up."]
