"""Any order of claims, results, silences, duplicates, cancels, resumes and sweeps leaves the ledger's promises kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from synapse.contracts.run import Failure
from synapse.errors import Conflict, Permanent
from synapse.state.records import Attempt
from synapse.workflows.program import Program, build, place
from tests.services import Postgres
from tests.unit.state.house import KEEP, House, foreach, open_house, program_of, step
from tests.unit.workflows.strategies import Fate, workflows

# Random trees are mostly narrow; what steps do to one another shows only where some are held at once.
SIDE_BY_SIDE = {"chain": [foreach("f", {"chain": [step("m", on_error="skip"), step("n")]}, items="[`1`, `2`, `3`]"), step("body")]}
PICK = st.integers(0, 10_000)


class LedgerMachine(RuleBasedStateMachine):
    """Runs of random workflows; the model is what was recorded so far and which attempt holds each step."""

    opens: ClassVar[Callable[[], House]]

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).opens()
        self.runs: list[str] = []
        self.fates: dict[str, Fate] = {}
        self.attempts: list[Attempt] = []  # every attempt ever handed out, for late and repeated results
        self.holder: dict[tuple[str, str], int] = {}
        self.recorded: dict[tuple[str, str], Any] = {}

    def teardown(self) -> None:
        """Let fair workers finish what is left: every run comes to an end."""
        try:
            for run in self.runs:
                self._drain(run)
            for run in self.runs:
                state = self.house.state(run)
                assert state != "running", f"{run} hangs: {self.house.states(run)}"
                if state == "succeeded":
                    assert set(self.house.states(run).values()) <= {"succeeded", "skipped"}
                    assert self.house.names(run)[-1] == "run.succeeded"
            self._check()
        finally:
            self.house.database.close()

    def _drain(self, run: str) -> None:
        for _ in range(500):
            if self.house.state(run) != "running":
                return
            for at, state in self.house.states(run).items():
                if state in ("running", "waiting"):
                    self.house.overdue(run, at)
            self.house.database.reconciler.sweep()
            for at, state in self.house.states(run).items():
                attempt = self.house.claim(run, at) if state == "ready" else None
                if attempt is not None:
                    self._taken(attempt)
                    self._complete(attempt)
        pytest.fail(f"{run} does not come to an end: {self.house.states(run)}")

    # -- what may happen --------------------------------------------------------------------------------------------

    @initialize(workflow=workflows(depth=2), seed=PICK)
    def first(self, workflow: Any, seed: int) -> None:
        self._begin(program_of(SIDE_BY_SIDE), seed)
        self._begin(build(workflow), seed)

    @precondition(lambda self: len(self.runs) < 3)
    @rule(workflow=workflows(depth=3), seed=PICK)
    def begin(self, workflow: Any, seed: int) -> None:
        self._begin(build(workflow), seed)

    def _begin(self, program: Program, seed: int) -> None:
        fate = Fate(seed)
        try:
            run = self.house.begin(program, fate.input())
        except Permanent:
            return  # its first fan-out has too few items
        self.runs.append(run)
        self.fates[run] = fate

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def claim(self, pick: int) -> None:
        run, places = self._places(pick)
        if not places:
            return
        at = places[pick % len(places)]
        before, running = self.house.states(run)[at], self.house.state(run) == "running"
        attempt = self.house.claim(run, at)
        assert (attempt is not None) == (running and before == "ready"), (before, running)
        if attempt is not None:
            self._taken(attempt)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, keep=st.booleans())
    def complete(self, pick: int, keep: bool) -> None:
        self._complete(self.attempts[pick % len(self.attempts)], keep)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, keep=st.booleans())
    def complete_the_newest(self, pick: int, keep: bool) -> None:
        self._complete(self.attempts[-1 - pick % min(3, len(self.attempts))], keep)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK)
    def fail_for_now(self, pick: int) -> None:
        self._fail(self.attempts[pick % len(self.attempts)], retry_in=60.0)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK)
    def skip(self, pick: int) -> None:
        attempt = self.attempts[pick % len(self.attempts)]
        if attempt.node.source.on_error == "skip":
            self._fail(attempt, skip=True)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, sure=st.integers(0, 1))
    def fail_for_good(self, pick: int, sure: int) -> None:
        if sure == 0:
            self._fail(self.attempts[pick % len(self.attempts)])

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def let_time_pass_for_a_step(self, pick: int) -> None:
        run, places = self._places(pick)
        open_places = [at for at in places if self.house.column(run, at, "due") is not None]
        if open_places:
            at = open_places[pick % len(open_places)]
            self.house.overdue(run, at)
            if self.house.states(run)[at] == "running":
                self._sweep()

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def take_over_from_a_silent_worker(self, pick: int) -> None:
        run, places = self._places(pick)
        held = [at for at in places if self.house.states(run)[at] == "running" and self.house.column(run, at, "due") is not None]
        if held:
            at = held[pick % len(held)]
            self.house.overdue(run, at)
            attempt = self.house.claim(run, at)
            if attempt is not None:
                assert self.house.state(run) == "running"
                self._taken(attempt)

    @rule()
    def sweep(self) -> None:
        self._sweep()

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, sure=st.integers(0, 3))
    def cancel(self, pick: int, sure: int) -> None:
        if sure == 0:
            run = self.runs[pick % len(self.runs)]
            was = self.house.state(run)
            assert self.house.database.lifecycle.cancel(run, "enough") == (was == "running")

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def resume(self, pick: int) -> None:
        run = self.runs[pick % len(self.runs)]
        was = self.house.state(run)
        try:
            self.house.database.lifecycle.resume(self.house.programs[run], run)
            assert was in ("failed", "cancelled")
        except Conflict:
            assert was in ("running", "succeeded")

    # -- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def promises_are_kept(self) -> None:
        self._check()

    def _check(self) -> None:
        for run in self.runs:
            names = self.house.names(run)  # their numbers have no gap
            rows = self.house.sql("SELECT node, idx, state, output FROM step WHERE run = :run", run=run)
            outputs = {}
            for node, idx, state, output in rows:
                assert (output is not None) == (state == "succeeded")
                if state == "succeeded":
                    outputs[run, place(node, tuple(int(n) for n in idx.split(".")) if idx else ())] = self.house.database.driver.loads(
                        output
                    )
            assert outputs == {key: kept for key, kept in self.recorded.items() if key[0] == run and kept is not None}
            assert names.count("step.succeeded") == len(outputs)
            joins = self.house.sql(
                "SELECT f.width, f.pending, f.succeeded, (SELECT count(*) FROM arrival a WHERE a.run = f.run AND a.node = f.node"
                " AND a.idx = f.idx), (SELECT count(*) FROM arrival a WHERE a.run = f.run AND a.node = f.node AND a.idx = f.idx AND a.ok)"
                " FROM fan_out f WHERE f.run = :run",
                run=run,
            )
            assert all(pending == width - came and succeeded == fine for width, pending, succeeded, came, fine in joins)
            if self.house.state(run) in ("succeeded", "failed", "cancelled"):
                assert names.count(f"run.{self.house.state(run)}") >= 1

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _places(self, pick: int) -> tuple[str, list[str]]:
        run = self.runs[pick % len(self.runs)]
        return run, list(self.house.states(run))

    def _taken(self, attempt: Attempt) -> None:
        key = (attempt.run, attempt.place)
        assert attempt.number > self.holder.get(key, 0), "an attempt's number was given twice"
        assert key not in self.recorded, "a step that is done was handed out again"
        self.holder[key] = attempt.number
        self.attempts.append(attempt)

    def _holds(self, attempt: Attempt) -> bool:
        """Whether the model says that the attempt's result counts."""
        if self.house.state(attempt.run) != "running" or self.holder[attempt.run, attempt.place] != attempt.number:
            return False
        return self.house.states(attempt.run)[attempt.place] == "running"

    def _complete(self, attempt: Attempt, keep: bool = False) -> None:
        holds = self._holds(attempt)
        output = {**self.fates[attempt.run].output(attempt.place, None), "try": attempt.number}
        outcome = self.house.complete(attempt, output, KEEP if keep else None)
        assert outcome.recorded == holds
        self._hinted(attempt, outcome.hints)
        if holds and self.house.states(attempt.run)[attempt.place] == "succeeded":
            self.recorded[attempt.run, attempt.place] = output
        if outcome.kept is not None:
            assert holds
            assert keep
            assert self.house.states(attempt.run)[outcome.kept.place] == "running"
            assert self.house.seen(outcome.kept) == self.house.seen_afresh(outcome.kept)
            self._taken(outcome.kept)

    def _fail(self, attempt: Attempt, **how: Any) -> None:
        holds = self._holds(attempt)
        outcome = self.house.fail(attempt, Failure(code="permanent", message="broken"), **how)
        assert outcome.recorded == holds
        self._hinted(attempt, outcome.hints)
        if holds and self.house.states(attempt.run)[attempt.place] == "skipped":
            self.recorded[attempt.run, attempt.place] = None

    def _hinted(self, attempt: Attempt, hints: Any) -> None:
        places = [hint.place for hint in hints]
        assert len(set(places)) == len(places)
        for at in places:
            assert (attempt.run, at) not in self.holder, f"{at} was made ready twice"

    def _sweep(self) -> None:
        sweep = self.house.database.reconciler.sweep()
        for hint in sweep.hints:
            assert self.house.state(hint.run) == "running"
            assert self.house.states(hint.run)[hint.place] == "ready"


def run_machine(opens: Callable[[], House], examples: int, steps: int) -> None:
    machine = type("Machine", (LedgerMachine,), {"opens": staticmethod(opens)})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=checks))


def test_on_sqlite_every_promise_holds_in_any_order_of_events(tmp_path: Path) -> None:
    made = open_house(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path)
    made.database.close()

    def opens() -> House:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        shutil.copy(tmp_path / "empty.db", folder / "state.db")
        return open_house(f"sqlite:///{folder / 'state.db'}", folder, upgrade=False)

    run_machine(opens, examples=80, steps=40)


def test_on_postgresql_every_promise_holds_in_any_order_of_events(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    open_house(postgres_url, tmp_path).database.close()

    def opens() -> House:
        house = open_house(postgres_url, tmp_path, upgrade=False)
        house.sql("TRUNCATE run, workflow, step, fan_out, arrival, event")
        return house

    run_machine(opens, examples=25, steps=30)
