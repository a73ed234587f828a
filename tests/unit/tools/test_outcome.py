from __future__ import annotations

import re

from synapse.errors import NoAnswer
from synapse.tools.outcome import Outcome, Unanswered


def test_three_outcomes_are_answers_and_all_are_fit_for_a_label() -> None:
    assert {each for each in Outcome if each.answered} == {Outcome.OK, Outcome.REPAIRED, Outcome.RETRIED}
    assert all(re.fullmatch(r"[a-z_]+", each) for each in Outcome)


def test_whoever_knows_no_outcomes_sees_no_answer() -> None:
    error = Unanswered(Outcome.BUDGET, "it is spent")
    assert isinstance(error, NoAnswer)
    assert (str(error), error.outcome, error.code) == ("it is spent", Outcome.BUDGET, NoAnswer.code)
