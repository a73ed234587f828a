from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.evidence import Claim, Evidence, Skipped, Snapshot, SubQuestion, Verdict

CLAIM = {"id": "c1", "text": "t", "subquestion": "q1", "score": 1.0, "evidence": ["e1"], "origins": ["a.org"], "verdict": "single_source"}


def test_a_value_cannot_be_changed_and_takes_no_unknown_field() -> None:
    question = SubQuestion(id="q1", text="why", query="why")
    with pytest.raises(ValidationError, match="frozen"):
        question.text = "how"  # type: ignore[misc] # the fault under test
    with pytest.raises(ValidationError, match="Extra inputs"):
        SubQuestion.model_validate({"id": "q1", "text": "why", "query": "why", "note": "x"})


@pytest.mark.parametrize("missing", ["evidence", "origins"])
def test_a_claim_rests_on_something(missing: str) -> None:
    assert Claim.model_validate(CLAIM).verdict is Verdict.SINGLE_SOURCE
    with pytest.raises(ValidationError, match=missing):
        Claim.model_validate({**CLAIM, missing: []})


def test_evidence_starts_nowhere_before_its_text() -> None:
    with pytest.raises(ValidationError, match="start"):
        Evidence(id="e1", snapshot="s", start=-1, end=2, quote="x")


@pytest.mark.parametrize("name", ["A" * 64, "0" * 63, "../" + "0" * 61])
def test_a_snapshot_is_named_by_a_sha256(name: str) -> None:
    with pytest.raises(ValidationError, match="id"):
        Snapshot.model_validate({"id": name, "url": "u", "origin": "o", "fetched_at": "2026-01-01T00:00:00Z", "length": 1})


def test_what_the_engine_says_of_a_skipped_member_is_understood_with_fields_of_later_versions() -> None:
    told = {"index": 2, "step": "read[2]", "error": {"code": "timeout", "message": "m", "more": 1}, "item": {"url": "u"}, "later": True}
    assert Skipped.model_validate(told).error.code == "timeout"
    assert Skipped.model_validate({"index": 0}).error.code == "step-failed"
