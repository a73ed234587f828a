from __future__ import annotations

import json

import pytest

from synapse.cli.house import House
from synapse.service.service import Service
from tests.unit.cli.conftest import Command
from tests.unit.dead import DIED, HINT, corpse


@pytest.fixture
def letter(house: House) -> str:
    service = Service()
    try:
        service.runtime.database.dead_letters.record([corpse()], DIED)
        return service.dead_letters.page(limit=1).letters[0].id
    finally:
        service.close()


def test_a_letter_is_listed_shown_and_dropped(synapse: Command, letter: str) -> None:
    assert "r1 a[0]" in synapse("dead", "list").out
    assert json.loads(synapse("dead", "list", "--json").out)["letters"][0]["id"] == letter
    assert HINT.decode() in synapse("dead", "show", letter).out
    assert json.loads(synapse("dead", "show", letter, "--json").out)["body"] == HINT.decode()
    assert synapse("dead", "drop", letter).out == f"{letter} dropped\n"
    assert synapse("dead", "list").out == "no dead letters\n"


def test_a_letter_is_sent_again(synapse: Command, letter: str) -> None:
    assert synapse("dead", "requeue", letter).out == f"{letter} sent to synapse-search\n"
    ended = synapse("dead", "requeue", letter)
    assert ended.code == 1
    assert f"there is no dead letter {letter!r}" in ended.err
