"""A database with runs in it, driven by hand: begin, claim, complete, look."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from synapse.contracts.run import Failure
from synapse.settings import EngineSettings
from synapse.state.database import Database
from synapse.state.lifecycle import Begun, NewRun
from synapse.state.records import Attempt, Keep, Outcome
from synapse.state.signals import Received, Sent, Signals
from synapse.workflows.definition import from_data
from synapse.workflows.program import Program, build, decode_index, encode_index, parse_place, place
from synapse.workflows.values import Rows, document, fetches
from tests.unit.state.emptied import put_empty

KEEP = Keep("w", "synapse-echo")
BROKEN = Failure(code="permanent", message="broken")


def step(key: str, **more: Any) -> dict[str, Any]:
    return {"step": key, "agent": "echo", **more}


def foreach(key: str, do: dict[str, Any], items: str = "input.items", **more: Any) -> dict[str, Any]:
    return {"foreach": key, "items": items, "do": do, "as": f"{key}_item", **more}


def program_of(tree: dict[str, Any]) -> Program:
    return build(from_data({"name": "w", "do": tree}))


@dataclass
class House:
    """One database and the runs begun in it."""

    database: Database
    programs: dict[str, Program] = field(default_factory=dict)
    serial: Any = field(default_factory=lambda: count(1))

    def begin(self, tree: dict[str, Any] | Program, run_input: dict[str, Any] | None = None, **more: Any) -> str:
        """A new run of the tree; its id."""
        return self.begun(tree, run_input, **more).run

    def begun(self, tree: dict[str, Any] | Program, run_input: dict[str, Any] | None = None, **more: Any) -> Begun:
        """A new run of the tree, unless its idempotency key is known."""
        program = tree if isinstance(tree, Program) else program_of(tree)
        new = NewRun(**{"id": f"r{next(self.serial)}", "input": run_input or {}, "timeout": 600.0, **more})
        begun = self.database.lifecycle.begin(program, new)
        self.programs[begun.run] = program
        return begun

    def claim(self, run: str, at: str, worker: str = "w") -> Attempt | None:
        """Try to take the step."""
        key, index = parse_place(at)
        return self.database.ledger.claim(self.programs[run], run, key, index, worker)

    def take(self, run: str, at: str) -> Attempt:
        """Take a step that must be there to be taken."""
        attempt = self.claim(run, at)
        assert attempt is not None, f"{at} cannot be taken: {self.states(run)}"
        return attempt

    def complete(self, attempt: Attempt, output: dict[str, Any] | None = None, keep: Keep | None = None) -> Outcome:
        """Record an output."""
        output = output if output is not None else {"at": attempt.place}
        return self.database.ledger.complete(self.programs[attempt.run], attempt, output, keep)

    def seen(self, attempt: Attempt) -> dict[str, Any]:
        """What the step's expressions are evaluated on, by what the attempt brought with it."""
        return document(self.programs[attempt.run], attempt.node, attempt.index, attempt.rows, attempt.run_input)

    def seen_afresh(self, attempt: Attempt) -> dict[str, Any]:
        """The same by what the database holds now."""
        program, ledger = self.programs[attempt.run], self.database.ledger
        rows = ledger.writes.fetch(ledger.driver, attempt.run, fetches(program, attempt.node, attempt.index), Rows())
        return document(program, attempt.node, attempt.index, rows, attempt.run_input)

    def fail(self, attempt: Attempt, failure: Failure = BROKEN, **how: Any) -> Outcome:
        """Record a failure."""
        return self.database.ledger.fail(self.programs[attempt.run], attempt, failure, **how)

    def do(self, run: str, *places: str, output: dict[str, Any] | None = None) -> Outcome:
        """Take and complete these steps; what the last one led to."""
        return [self.complete(self.take(run, at), output) for at in places][-1]

    def signal(self, run: str, name: str, payload: Any = None, **more: Any) -> Received:
        """Send a signal, as the service does."""
        key, index = parse_place(name)
        sent = Sent(**{"name": key, "index": index, "payload": payload, "by": "somebody", **more})
        return Signals(self.database.ledger.waits).receive(self.programs[run], run, sent)

    def drain(self, run: str) -> None:
        """Do whatever is ready until nothing is."""
        while ready := [at for at, state in self.states(run).items() if state == "ready"]:
            if self.state(run) != "running":
                return
            self.do(run, *ready)

    def sql(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Look, or meddle, by hand."""
        return list(self.database.driver.rows(sql, parameters))

    def state(self, run: str) -> str:
        """Where the run stands."""
        return str(self.sql("SELECT state FROM run WHERE id = :run", run=run)[0][0])

    def error(self, run: str) -> dict[str, Any]:
        """Why the run ended."""
        found: dict[str, Any] = self.database.driver.loads(self.sql("SELECT error FROM run WHERE id = :run", run=run)[0][0])
        return found

    def states(self, run: str) -> dict[str, str]:
        """Every step's place and state."""
        rows = self.sql("SELECT node, idx, state FROM step WHERE run = :run ORDER BY node, idx", run=run)
        return {place(node, decode_index(idx)): state for node, idx, state in rows}

    def column(self, run: str, at: str, name: str) -> Any:
        """One column of a step."""
        return self.sql(f"SELECT {name} FROM step WHERE run = :run AND node = :node AND idx = :idx", **self.key(run, at))[0][0]

    def key(self, run: str, at: str) -> dict[str, Any]:
        """The step's primary key."""
        node, index = parse_place(at)
        return {"run": run, "node": node, "idx": encode_index(index)}

    def overdue(self, run: str, at: str) -> None:
        """As if the step's hint, timer or lease had run out a second ago."""
        self.sql("UPDATE step SET due = {in:ago} WHERE run = :run AND node = :node AND idx = :idx", ago=-1.0, **self.key(run, at))

    def long_ago(self, run: str, seconds: float) -> None:
        """As if everything about the run had happened so many seconds earlier."""
        rows = self.sql("SELECT timeout FROM run WHERE id = :run", run=run)
        times = {"ago": -seconds, "rest": rows[0][0] - seconds}
        self.sql("UPDATE run SET created_at = {in:ago}, deadline = {in:rest} WHERE id = :run", run=run, **times)
        self.sql("UPDATE step SET created_at = {in:ago} WHERE run = :run", run=run, ago=-seconds)

    def late(self, run: str) -> None:
        """As if the run's deadline had passed a second ago."""
        self.sql("UPDATE run SET deadline = {in:ago} WHERE id = :run", run=run, ago=-1.0)

    def names(self, run: str) -> list[str]:
        """The names of the run's events, in order; fails when a number is missing."""
        events = self.database.events.of_run(run, limit=100_000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return [event.name for event in events]

    def output(self, run: str) -> Any:
        """The run's value."""
        return self.database.queries.run(run).output


def open_house(url: str, home: Path, *, upgrade: bool = True, **engine: Any) -> House:
    """A database, its tables made."""
    scheme, _, file = url.partition(":///")
    if scheme == "sqlite" and upgrade:
        put_empty(Path(file))
        upgrade = False
    database = Database(url, home, EngineSettings(**{"lease_seconds": 30.0, "hint_grace_seconds": 30.0, **engine}))
    if upgrade:
        database.upgrade()
    return House(database)
