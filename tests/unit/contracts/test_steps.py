from __future__ import annotations

from synapse.contracts.steps import StepDetail, StepSummary


def test_what_a_list_shows_of_a_step_is_neither_what_it_was_given_nor_what_it_gave() -> None:
    assert StepDetail.model_fields.keys() - StepSummary.model_fields.keys() == {"input", "output", "attempts"}
