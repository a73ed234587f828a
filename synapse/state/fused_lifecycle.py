"""Beginning a run on PostgreSQL: one statement, one round trip and one commit."""

from __future__ import annotations

from synapse.state.fused import opening_parameters
from synapse.state.fused_sql import begin_sql
from synapse.state.ledger import Ledger, hints_of
from synapse.state.lifecycle import ADD_WORKFLOW, Begun, Lifecycle, NewRun, created, run_parameters, workflow_parameters
from synapse.state.text import dumps
from synapse.state.words import words_of
from synapse.workflows.program import Program


class FusedLifecycle(Lifecycle):
    """The lifecycle with PostgreSQL's single statement for a new run; all else is inherited."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._written: set[str] = set()

    def begin(self, program: Program, new: NewRun) -> Begun:
        """As `Lifecycle.begin`, which serves where there is more to it: a run that is over at once, a key that was used."""
        made, ended = self._open_root(program, new)
        if ended or made.waits or any(join.arrived for join in made.joins):
            return super().begin(program, new)
        if program.digest not in self._written:
            self.driver.rows(ADD_WORKFLOW, workflow_parameters(program))
            self._written.add(program.digest)
        found = words_of(new.input)
        parameters = {
            **run_parameters(program, new),
            **opening_parameters(made),
            "grace": self.ledger.writes.grace,
            "said": dumps(created(program.workflow.name, made)),
            "words": found,
        }
        if not self.driver.rows(begin_sql(joins=bool(made.joins), steps=bool(made.steps), words=bool(found)), parameters):
            return super().begin(program, new)
        return Begun(new.id, created=True, hints=hints_of(program, new.id, made.steps, new.traceparent, new.priority))
