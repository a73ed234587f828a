from __future__ import annotations

import json

from synapse.cli.house import House
from tests.unit.cli.conftest import QUESTION, Command


def test_what_was_used_is_a_row_a_day_and_the_total(house: House, synapse: Command) -> None:
    synapse("research", QUESTION, "--corpus", "insects", "--detach")
    shown = synapse("usage").out.splitlines()
    assert shown[-1].split()[0] == "total"
    found = json.loads(synapse("usage", "--since", "2026-01-01", "--until", "2026-01-31", "--json").out)
    assert (found["since"], found["until"]) == ("2026-01-01", "2026-01-31")
    assert json.loads(synapse("usage", "--json").out)["total"]["runs"] >= 1
