"""A definition that comes back from a database is the one that went in, by its digest too."""

from __future__ import annotations

from synapse.state.lifecycle import NewRun
from synapse.workflows.definition import from_data
from synapse.workflows.program import build
from tests.unit.state.house import House
from tests.unit.workflows.shipped import shipped

MANY_KEYS = {
    "name": "mine",
    "input": {"type": "object", "properties": {"zebra": {}, "ape": {"maximum": 1e22, "minimum": -0.5}}},
    "do": {"step": "a", "agent": "search", "with": {"subquestion": {"query": "'q'", "id": "'i'", "text": "'t'"}, "limit": 3}},
}


def test_a_definition_keeps_its_digest_in_the_database(house: House) -> None:
    # The digest is in the messages: were it another after reading, workers would be told of a workflow that nobody knows.
    for number, workflow in enumerate((shipped("research"), from_data(MANY_KEYS))):
        program = build(workflow)
        house.database.lifecycle.begin(program, NewRun(f"run-{number}", {"question": "why?", "max_subquestions": 2}, 60.0))
        kept = house.database.definitions.get(program.digest)
        assert kept == workflow
        assert build(kept).digest == program.digest
