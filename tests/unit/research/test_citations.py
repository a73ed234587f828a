from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.report import Report
from synapse.research.citations import check, sentences_of, taken_from
from tests.unit.research.factory import MORE_TIDES, TIDES, document, report

PAGES = [document(TIDES, "https://a.org/tides", "Tides"), document(MORE_TIDES, "https://b.org/why", "Why tides happen")]


@pytest.fixture
def made() -> Report:
    return report("What are tides and when do spring tides occur?", PAGES)[0]


@pytest.fixture
def texts() -> dict[str, str]:
    return {page.snapshot.id: page.text for page in PAGES}


def test_a_composed_report_has_no_fault(made: Report, texts: dict[str, str]) -> None:
    assert check(made, texts) == []
    assert len(list(sentences_of(made))) > 2


def test_a_quote_at_another_offset_is_a_fault(made: Report, texts: dict[str, str]) -> None:
    moved = made.evidence[0].model_copy(update={"start": made.evidence[0].start + 1})
    faults = check(made.model_copy(update={"evidence": (moved, *made.evidence[1:])}), texts)
    assert [fault.where for fault in faults] == [f"evidence {moved.id}"]


def test_a_changed_page_is_a_fault(made: Report, texts: dict[str, str]) -> None:
    assert check(made, {name: text.upper() for name, text in texts.items()})


def test_a_missing_page_is_a_fault(made: Report) -> None:
    assert {fault.what for fault in check(made, {})} == {"its page is not among the stored ones"}


def test_a_sentence_that_its_quote_does_not_say_is_a_fault(made: Report, texts: dict[str, str]) -> None:
    invented = made.answer[0].model_copy(update={"text": "Tides are caused by whales."})
    faults = check(made.model_copy(update={"answer": (invented, *made.answer[1:])}), texts)
    assert [fault.what for fault in faults] == ["is not worded after its first quote"]


def test_a_citation_of_nothing_is_a_fault(made: Report, texts: dict[str, str]) -> None:
    loose = made.answer[0].model_copy(update={"evidence": ("e999",)})
    assert any("e999" in fault.what for fault in check(made.model_copy(update={"answer": (loose, *made.answer[1:])}), texts))


def test_a_repeated_sentence_is_a_fault(made: Report, texts: dict[str, str]) -> None:
    assert any(fault.what == "was said before" for fault in check(made.model_copy(update={"answer": made.answer + made.answer[:1]}), texts))


def test_a_reference_that_lists_another_pages_quote_is_a_fault(made: Report, texts: dict[str, str]) -> None:
    assert check(made.model_copy(update={"references": made.references[:-1]}), texts)


@given(st.lists(st.sampled_from(["the", "tide", "rises", "and", "falls", "twice", "a", "day"]), min_size=1), st.data())
def test_leaving_words_out_is_allowed_and_adding_some_is_not(words: list[str], data: st.DataObject) -> None:
    kept = [word for word in words if data.draw(st.booleans())]
    assert taken_from(" ".join(kept).upper(), " ".join(words))
    assert not taken_from(" ".join([*words, "whale"]), " ".join(words))
