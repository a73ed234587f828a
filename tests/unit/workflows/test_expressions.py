from __future__ import annotations

from typing import Any

import pytest

from synapse.errors import Permanent
from synapse.workflows.expressions import MAX_LENGTH, evaluate, parse, plain_path, references, truth


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("input.question", [("input", "question")]),
        ("steps.plan.questions[].text", [("steps", "plan", "questions")]),
        ("steps.plan.questions[0].text", [("steps", "plan", "questions")]),
        ("steps.f[?score > `3`].name", [("steps", "f")]),
        ("{a: steps.x, b: [prev, input.y]}", [("steps", "x"), ("prev",), ("input", "y")]),
        ("length(steps.x) > `2` && !(prev.done) || item", [("steps", "x"), ("prev", "done"), ("item",)]),
        ("sort_by(steps.x, &score) | [0]", [("steps", "x")]),
        ("steps.a.{x: b, y: c}", [("steps", "a", "b"), ("steps", "a", "c")]),
        ("@", [()]),
        ("'text'", []),
        ("prev || prev", [("prev",)]),
    ],
)
def test_the_paths_that_an_expression_reads_are_those_of_the_document_itself(expression: str, paths: list[tuple[str, ...]]) -> None:
    assert list(references(expression)) == paths


@pytest.mark.parametrize(("expression", "path"), [("a.b.c", ("a", "b", "c")), ("a", ("a",)), ("a[0]", None), ("length(a)", None)])
def test_a_plain_path_is_nothing_but_fields(expression: str, path: tuple[str, ...] | None) -> None:
    assert plain_path(expression) == path


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "empty"),
        ("a..b", "not a JMESPath expression"),
        ("a[", "not a JMESPath expression"),
        ("!steps.plan.deep", r"write '!\(a\.b\)'"),
        ("size(a)", r"there is no function size\(\)"),
        ("[a, b[].{x: size(@)}]", r"there is no function size\(\)"),
        ("length(a, b)", r"length\(\) takes 1 arguments, not 2"),
        ("join(a)", r"join\(\) takes 2 arguments, not 1"),
        ("a" * (MAX_LENGTH + 1), "at most 2000"),
        ("!" * 1900 + "a", "not a JMESPath expression"),
    ],
)
def test_a_faulty_expression_is_named_as_one_before_it_is_ever_evaluated(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(expression)


def test_a_function_of_many_arguments_takes_as_many_as_are_given() -> None:
    assert evaluate("not_null(a, b, c, d)", {"d": 4}) == 4
    assert evaluate("merge(a, b)", {"a": {"x": 1}, "b": {"y": 2}}) == {"x": 1, "y": 2}


@pytest.mark.parametrize("expression", ["a < b", "a[::0]", "sort(a)", "abs(b)"])
def test_a_fault_that_only_the_values_bring_out_is_permanent(expression: str) -> None:
    with pytest.raises(Permanent, match="failed"):
        evaluate(expression, {"a": ["x", 1] if "(" in expression or "[" in expression else "x", "b": "one" if "(" in expression else 1})


def test_what_is_not_there_is_null() -> None:
    assert evaluate("steps.x.y[0].z", {"steps": {}}) is None


@pytest.mark.parametrize(
    ("value", "holds"), [(None, False), (False, False), ("", False), ([], False), ({}, False), (0, True), ([0], True), ("0", True)]
)
def test_truth_is_that_of_jmespath(value: Any, holds: bool) -> None:
    assert truth(value) is holds
    assert bool(evaluate("a && `1`", {"a": value}) == 1) is holds
