"""The page is that of the tests there are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.chaos import matrix

HERE = Path(__file__).parent
ABOUT_THE_TESTS = {"test_matrix", "test_soak"}


def test_every_module_of_failures_is_in_the_matrix() -> None:
    assert {file.stem for file in HERE.glob("test_*.py")} - ABOUT_THE_TESTS == set(matrix.MODULES)


def test_every_test_of_a_failure_proves_a_row() -> None:
    tests = {
        node.name
        for module in matrix.MODULES
        for node in ast.parse((HERE / f"{module}.py").read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert tests == {row.key.partition("[")[0] for row in matrix.rows()}


def test_every_row_was_measured_and_nothing_else() -> None:
    assert set(matrix.measured()) == {row.key for row in matrix.rows()}


def test_what_runs_beside_all_other_tests_are_rows() -> None:
    assert {row.key for row in matrix.rows()} >= matrix.QUICK


def test_every_row_is_collected_as_a_test(request: pytest.FixtureRequest) -> None:
    there = {item.name for item in request.session.items if item.path.parent == HERE}
    asked = [str(arg) for arg in request.config.invocation_params.args]
    if (
        any("::" in arg or arg.endswith(".py") for arg in asked)
        or request.config.getoption("keyword")
        or request.config.getoption("markexpr")
    ):
        pytest.skip("only some tests were asked for")
    wanted = {row.key for row in matrix.rows()} if any("chaos" in arg for arg in asked) else matrix.QUICK
    assert {row.key for row in matrix.rows()} & there == wanted


def test_two_tests_cannot_prove_one_row() -> None:
    def test_that_is_there_twice() -> None:
        """Nothing."""

    proves = matrix.proves("x", "x", "x", at="x")
    try:
        proves(test_that_is_there_twice)
        with pytest.raises(AssertionError, match="is there twice"):
            proves(test_that_is_there_twice)
    finally:
        matrix.ROWS.pop("test_that_is_there_twice", None)
