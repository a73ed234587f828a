from __future__ import annotations

import json

import pytest

from synapse.cli.house import House
from tests.unit.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("house")


def test_a_key_is_made_and_is_all_that_is_on_stdout(synapse: Command) -> None:
    made = synapse("keys", "create", "nightly", "--scope", "runs:read", "--tenant", "acme", "--days", "1")
    key = made.out.removesuffix("\n")
    assert key.startswith("syn_")
    assert "tenant acme, for runs:read, until" in made.err
    assert key.rpartition("_")[2] not in made.err
    assert key.split("_")[1] in synapse("keys", "list", "--tenant", "acme").out


def test_a_key_is_rotated_and_revoked(synapse: Command, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made = json.loads(synapse("keys", "create", "x", "--scope", "admin", "--tenant", "team", "--days", "0", "--json").out)
    assert made["expires_at"] is None
    monkeypatch.setenv("SYNAPSE_API_TOKEN", made["key"])
    rotated = json.loads(synapse("keys", "rotate", made["id"], "--overlap", "1", "--json").out)
    assert rotated["replaces"] == made["id"]
    assert synapse("keys", "revoke", rotated["id"]).out == f"{rotated['id']} revoked\n"
    listed = json.loads(synapse("keys", "list", "--json").out)["keys"]
    assert {key["id"] for key in listed} == {made["id"], rotated["id"]}
    assert synapse("keys", "revoke", made["id"]).code == 0
    ended = synapse("keys", "list")
    assert ended.code == 1
    assert "a good API key" in ended.err
