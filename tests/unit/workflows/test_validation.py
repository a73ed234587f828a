from __future__ import annotations

import socket
from typing import Any

import pytest

from synapse.errors import InvalidInput, InvalidPayload, InvalidWorkflow
from synapse.workflows.validation import check_schema, check_value

NUMBER = {"$ref": "#/$defs/number", "$defs": {"number": {"type": "number"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        NUMBER,
        {"$ref": "#half", "$defs": {"half": {"$anchor": "half", "type": "number"}}},
        {"properties": {"$ref": {"type": "string"}}},
        {"const": {"$ref": "http://nowhere.example/x"}},
        {"enum": [{"$ref": "nothing"}]},
    ],
)
def test_a_schema_that_holds_what_it_refers_to_is_one(schema: dict[str, Any]) -> None:
    check_schema(schema, "input")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "thing"}, "not a JSON Schema"),
        ({"$ref": "#/$defs/none"}, "which it does not hold"),
        ({"properties": {"x": {"items": {"$ref": "http://127.0.0.1:9/x.json"}}}}, "which it does not hold"),
        ({"$dynamicRef": "other.json"}, "which it does not hold"),
        ({"anyOf": [{"$ref": "file:///etc/passwd"}]}, "which it does not hold"),
    ],
)
def test_a_schema_that_is_none_or_refers_to_elsewhere_is_refused(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidWorkflow, match=said) as caught:
        check_schema(schema, "do.payload")
    assert caught.value.field == "do.payload"


def test_a_value_that_does_not_fit_is_named_by_its_field() -> None:
    check_value(NUMBER, 5, "payload")
    with pytest.raises(InvalidPayload) as caught:
        check_value({"$ref": "#/$defs/list", "$defs": {"list": {"items": {"type": "number"}}}}, [1, "x"], "payload", InvalidPayload)
    assert caught.value.field == "payload.1"


def test_nothing_is_fetched_for_a_schema_that_was_written_before_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    with pytest.raises(InvalidInput, match="cannot be checked"):
        check_value({"$ref": "http://127.0.0.1:9/x.json"}, 5, "input")
    assert not asked


def test_a_schema_that_is_itself_for_ever_is_no_internal_error() -> None:
    with pytest.raises(InvalidInput, match="cannot be checked"):
        check_value({"$ref": "#"}, 5, "input")
