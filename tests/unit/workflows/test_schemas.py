from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from synapse.workflows.schemas import ANY, at_path, field, resolve, type_of, types


class Inner(BaseModel):
    text: str
    score: float | None = None


class Outer(BaseModel):
    inner: Inner
    maybe: Inner | None = None
    many: list[Inner] = []
    either: int | str = 0
    anything: Any = None
    table: dict[str, int] = {}


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int = 0


OUTER = Outer.model_json_schema()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("inner",), {"object"}),
        (("inner", "text"), {"string"}),
        (("inner", "score"), {"number", "null"}),
        (("maybe", "text"), {"string"}),
        (("many",), {"array"}),
        (("either",), {"number", "string"}),
        (("table", "whatever"), {"object", "array", "string", "number", "boolean", "null"}),
    ],
)
def test_the_types_at_a_path_are_those_of_the_model(path: tuple[str, ...], expected: set[str]) -> None:
    schema, missing = at_path(OUTER, path)
    assert schema is not None
    assert missing == ""
    assert types(schema, OUTER) == expected


@pytest.mark.parametrize(
    ("path", "missing"), [(("outer",), "outer"), (("inner", "txt"), "txt"), (("inner", "text", "x"), "x"), (("many", "x"), "x")]
)
def test_a_field_that_there_cannot_be_is_named(path: tuple[str, ...], missing: str) -> None:
    assert at_path(OUTER, path) == (None, missing)


def test_a_model_that_allows_more_fields_may_have_any() -> None:
    assert field(Open.model_json_schema(), {}, "y") == ANY


def test_a_reference_that_leads_elsewhere_may_be_anything() -> None:
    assert resolve({"$ref": "https://example.org/x"}, {}) == ANY
    assert resolve({"$ref": "#/$defs/x"}, {"$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"type": "string"}}}) == {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, {"string", "null"}),
        ({"type": "integer"}, {"number"}),
        ({"enum": ["a", 1, None]}, {"string", "number", "null"}),
        ({"oneOf": [{"type": "array"}, {"type": "boolean"}]}, {"array", "boolean"}),
        ({"properties": {"x": {}}}, {"object"}),
    ],
)
def test_types_are_read_from_every_way_to_say_them(schema: dict[str, Any], expected: set[str]) -> None:
    assert types(schema, {}) == expected


@pytest.mark.parametrize(
    ("value", "name"), [(True, "boolean"), (1, "number"), (1.5, "number"), ("x", "string"), ([], "array"), ({}, "object"), (None, "null")]
)
def test_a_value_has_one_json_type(value: Any, name: str) -> None:
    assert type_of(value) == {name}
