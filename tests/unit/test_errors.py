from __future__ import annotations

import re

import pytest

from synapse import errors
from synapse.errors import InvalidInput, StepError, SynapseError, Transient

TREE = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, SynapseError)]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_has_a_code_a_status_and_words_of_its_own(kind: type[SynapseError]) -> None:
    error = kind()
    assert re.fullmatch(r"[a-z][a-z-]*", kind.code)
    assert 400 <= kind.status < 600
    assert str(error) == kind.__doc__


def test_codes_are_unique_so_that_a_retry_can_name_them() -> None:
    assert len({kind.code for kind in TREE}) == len(TREE)


def test_the_tree_in_the_docstring_is_the_tree_there_is() -> None:
    assert errors.__doc__ is not None
    drawn = dict(re.findall(r"(\w+) +(\d{3})", errors.__doc__))
    assert drawn == {kind.__name__: str(kind.status) for kind in TREE if kind is not SynapseError}


def test_a_retry_helps_only_where_the_fault_may_pass() -> None:
    assert sorted(kind.__name__ for kind in TREE if kind.retryable) == ["OutOfReach", "StepTimeout", "Transient", "Unavailable"]
    assert issubclass(Transient, StepError)


def test_an_error_reads_as_where_what_and_what_to_do() -> None:
    error = InvalidInput("not a number", field="input.n", remedy="give one")
    assert str(error) == "input.n: not a number (give one)"
    assert (error.detail, error.field, error.remedy) == ("not a number", "input.n", "give one")
