from __future__ import annotations

import pytest
from mcp_types import ToolAnnotations

from synapse.mcp_servers.grants import BROWSE, EVERYTHING, READ, WRITE, Grant, attach, grant_of, granted, scope_of


@pytest.mark.parametrize(
    ("hints", "scope"),
    [
        (ToolAnnotations(read_only_hint=True, open_world_hint=False), READ),
        (ToolAnnotations(read_only_hint=True, open_world_hint=True), BROWSE),
        (ToolAnnotations(read_only_hint=True), BROWSE),
        (ToolAnnotations(read_only_hint=False, open_world_hint=False), WRITE),
        (ToolAnnotations(), WRITE),
        (None, WRITE),
    ],
)
def test_a_tools_hints_tell_its_scope_and_silence_costs_most(hints: ToolAnnotations | None, scope: str) -> None:
    assert scope_of(hints) == scope


def test_words_that_are_no_scope_of_ours_grant_nothing() -> None:
    assert granted(["admin", "TOOLS:READ", "tools:*"]) == Grant(frozenset())
    assert granted(["openid", READ]) == Grant(frozenset({READ}))
    assert EVERYTHING.is_whole
    assert not granted([READ, BROWSE]).is_whole


def test_a_request_that_nobody_granted_anything_has_nothing() -> None:
    scope: dict[str, object] = {}
    assert not any(grant_of(scope).allows(each) for each in (READ, BROWSE, WRITE))
    attach(scope, granted([READ]))
    assert grant_of(scope).allows(READ)
    assert not grant_of(scope).allows(WRITE)
