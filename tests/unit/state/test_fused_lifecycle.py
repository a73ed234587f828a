"""What can be told without a server: which statements a new run takes. That they are right is shown by tests/integration/state."""

from __future__ import annotations

from typing import Any, cast

from synapse.state.driver import Driver
from synapse.state.fused_lifecycle import FusedLifecycle
from synapse.state.ledger import Ledger
from synapse.state.lifecycle import ADD_WORKFLOW, NewRun
from synapse.state.packing import Packer
from tests.unit.state.house import program_of, step


class Recorder:
    """A driver that keeps what it is asked, and gives the run's id back."""

    name = "postgresql"

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        self.asked.append((sql, parameters))
        return [(parameters.get("run"),)]


def lifecycle() -> tuple[FusedLifecycle, Recorder]:
    driver = Recorder()
    return FusedLifecycle(Ledger(cast(Driver, driver), cast(Packer, None))), driver


def test_a_new_run_is_one_statement_and_its_definition_is_written_once_a_process() -> None:
    begins, driver = lifecycle()
    program = program_of({"chain": [step("a"), step("b")]})
    for name in ("r1", "r2"):
        begun = begins.begin(program, NewRun(name, {"x": 1}, 60.0))
        assert begun.created
        assert [(hint.run, hint.place) for hint in begun.hints] == [(name, "a")]
    assert [sql == ADD_WORKFLOW for sql, _ in driver.asked] == [True, False, False]
    assert driver.asked[1][1]["new_nodes"] == ["a"]
    assert driver.asked[1][1]["input"] == '{"x":1}'
