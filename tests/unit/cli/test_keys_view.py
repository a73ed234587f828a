from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from synapse.cli import keys_view
from synapse.contracts.api_key import ApiKey, KeyList
from synapse.contracts.principal import Scope

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _key(**more: Any) -> ApiKey:
    return ApiKey(**{"id": "3f9a1c0be27d", "name": "x", "scopes": (Scope.RUNS_READ,), "created_at": NOW, "created_by": "anna", **more})


def _drawn(found: KeyList) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(keys_view.table(found))
    return console.file.getvalue()  # type: ignore[attr-defined] # the StringIO above


@pytest.mark.parametrize(
    ("more", "state"),
    [({}, "good"), ({"expires_at": NOW}, "expired"), ({"expires_at": NOW + timedelta(1)}, "good"), ({"revoked_at": NOW}, "revoked")],
)
def test_how_a_key_is_can_be_told(more: dict[str, Any], state: str) -> None:
    assert keys_view.state(_key(**more), NOW) == state


def test_keys_are_a_row_each_and_no_keys_a_sentence() -> None:
    drawn = _drawn(KeyList(keys=(_key(revoked_at=NOW), _key(id="0" * 12, name="a \x1b[31mname"))))
    assert "3f9a1c0be27d  default  revoked" in drawn
    assert "0" * 12 in drawn
    assert "\x1b" not in drawn
    assert _drawn(KeyList(keys=())) == "no keys\n"
