from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.evidence import Verdict
from synapse.contracts.report import Outcome, Report, Sentence

EMPTY = Report(question="why", answer=(), sections=(), references=(), claims=(), evidence=(), snapshots=())


def test_a_sentence_without_a_citation_cannot_be_built() -> None:
    with pytest.raises(ValidationError, match="evidence"):
        Sentence(text="t", evidence=(), claim="c1", verdict=Verdict.SINGLE_SOURCE)


def test_a_report_without_an_answer_is_an_honest_nothing() -> None:
    said = Sentence(text="t", evidence=("e1",), claim="c1", verdict=Verdict.CORROBORATED)
    assert Outcome.of(EMPTY) is Outcome.NO_EVIDENCE
    assert Outcome.of(EMPTY.model_copy(update={"answer": (said,)})) is Outcome.REPORT


def test_a_report_survives_json() -> None:
    assert Report.model_validate_json(EMPTY.model_dump_json()) == EMPTY
