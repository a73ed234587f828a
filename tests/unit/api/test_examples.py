"""How examples come into the document; that they hold is shown by tests/api/test_examples.py."""

from __future__ import annotations

from typing import Any

from synapse.api.access import ROUTES
from synapse.api.examples import REQUESTS, THINGS, exemplify


def test_an_example_is_written_beside_what_it_is_of_and_takes_no_others_place() -> None:
    own = {"example": "mine"}
    number = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer"}}
    unknown = {"name": "colour", "in": "query", "schema": {"type": "string"}}
    described: dict[str, Any] = {"parameters": [number, unknown], "responses": {"200": {"content": {"application/json": dict(own)}}}}
    exemplify({"paths": {"/v1/workflows/{workflow}/versions/{version}": {"get": described}}})
    assert number["example"] == int(THINGS["version"])
    assert "example" not in unknown
    assert described["responses"]["200"]["content"]["application/json"] == own


def test_requests_are_of_routes_that_there_are() -> None:
    assert REQUESTS.keys() <= ROUTES.keys()
