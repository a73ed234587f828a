from __future__ import annotations

from typing import Any

import pytest

from synapse.api.mcp_face.messages import REVISION_KEY, contradicts, message_of, scope_of, starts
from synapse.contracts.principal import Scope


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"1", b"[" * 100_000, b"\xff"])
def test_what_is_no_message_is_an_empty_one(body: bytes) -> None:
    assert message_of(body) == {}


@pytest.mark.parametrize(
    ("message", "scope"),
    [
        ({}, Scope.RUNS_READ),
        ({"method": "tools/list"}, Scope.RUNS_READ),
        ({"method": "tools/call", "params": {"name": "get_run"}}, Scope.RUNS_READ),
        ({"method": "tools/call", "params": {"name": "start_research"}}, Scope.RUNS_WRITE),
        ({"method": "tools/call", "params": {"name": "cancel_run"}}, Scope.RUNS_WRITE),
        ({"method": "tools/call", "params": {"name": ["cancel_run"]}}, Scope.RUNS_READ),
        ({"method": "tools/call", "params": []}, Scope.RUNS_READ),
        ({"method": "tasks/get"}, Scope.RUNS_READ),
        ({"method": "tasks/cancel"}, Scope.RUNS_WRITE),
    ],
)
def test_what_changes_something_needs_more_than_reading(message: dict[str, Any], scope: Scope) -> None:
    assert scope_of(message) is scope


def test_only_what_starts_a_run_is_a_submission() -> None:
    calls = [{"method": "tools/call", "params": params} for params in ({"name": "start_research"}, {"name": "get_run"}, [], None)]
    assert [starts(call) for call in [*calls, {"method": "prompts/get", "params": {"name": "start_research"}}]] == [True, *[False] * 4]


def test_a_message_contradicts_headers_that_name_another_revision_or_two() -> None:
    message = {"params": {"_meta": {REVISION_KEY: "b"}}}
    assert [contradicts(message, headers) for headers in (["b"], ["a"], [], ["b", "b"])] == [False, True, True, True]
    assert [contradicts({"params": params}, ["a"]) for params in (None, [], {}, {"_meta": []}, {"_meta": {}})] == [False] * 5
