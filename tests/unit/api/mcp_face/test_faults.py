from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from synapse.api.mcp_face.faults import problem_of
from synapse.errors import TooManyRuns, Unavailable


class Given(BaseModel):
    """Something with parts."""

    items: list[int]


def test_an_error_of_ours_keeps_its_code_its_field_and_its_remedy() -> None:
    problem = problem_of(TooManyRuns("2 are under way", field="limit", remedy="wait"))
    assert (problem.code, problem.status, problem.field, problem.remedy) == ("too-many-runs", 429, "limit", "wait")
    assert problem.type == "/problems/too-many-runs"
    assert problem_of(Unavailable("no answer")).status == 503


@pytest.mark.parametrize(("given", "field"), [({"items": [1, "x"]}, "items[1]"), ({}, "items"), ([], "arguments")])
def test_a_fault_of_an_argument_names_it(given: object, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Given.model_validate(given)
    problem = problem_of(caught.value)
    assert (problem.code, problem.status, problem.field, problem.errors) == ("invalid-input", 400, field, None)


def test_a_fault_of_ours_is_told_by_its_number_only() -> None:
    problem = problem_of(RuntimeError("the password is x"))
    assert (problem.code, problem.status) == ("internal", 500)
    assert problem.instance.startswith("urn:uuid:")
    assert "password" not in problem.model_dump_json()
