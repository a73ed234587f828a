from __future__ import annotations

import pytest

from synapse.errors import NotFound
from tests.unit.state.house import House, program_of, step


def test_a_definition_is_read_back_as_its_run_was_started_with_it(house: House) -> None:
    program = program_of({"chain": [step("a", retry={"on": ["timeout"]}), step("b", **{"with": {"x": "prev"}})]})
    run = house.begin(program)
    assert house.database.definitions.of_run(run) == program.workflow == house.database.definitions.get(program.digest)


def test_what_is_not_there_is_not_found(house: House) -> None:
    with pytest.raises(NotFound, match="no workflow"):
        house.database.definitions.get("0" * 64)
    with pytest.raises(NotFound, match="no run"):
        house.database.definitions.of_run("nowhere")
