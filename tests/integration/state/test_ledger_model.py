"""Any order of claims, results, silences, duplicates, cancels, deadlines, resumes and sweeps leaves what the model says, row by row."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from synapse.contracts.workflow import Approval
from synapse.errors import Conflict, NotFound, Permanent
from synapse.state.records import Attempt, Note, Outcome
from synapse.workflows.program import Program, build, decode_index, encode_index, parse_place, place
from synapse.workflows.waits import Answer
from tests.integration.state.model import MAX_LOST, NEVER, OPEN, SOON, RunModel, SignalModel
from tests.services import Postgres
from tests.unit.state.house import BROKEN, KEEP, House, foreach, open_house, program_of, step
from tests.unit.workflows.strategies import Fate, workflows

# Random trees are mostly narrow; what steps do to one another shows only where some are held at once.
_SEEN = {"with": {"seen": "prev"}}
_OTHERWISE = foreach("g", step("o", **_SEEN), "prev.items")
_MEMBER = {"chain": [step("m", on_error="skip", **_SEEN), {"when": "prev.flag", "then": step("n", **_SEEN), "otherwise": _OTHERWISE}]}
SIDE_BY_SIDE = {"chain": [foreach("f", _MEMBER, items="[`1`, `2`, `3`]", min_success=2), step("body", **_SEEN)]}
_ASKED = {
    "chain": [
        {"wait_for": "w1", "signal": "w"},
        {"approval": "ask", "timeout": 60, "on_timeout": "skip"},
        {"wait_for": "w2", "signal": "w"},
    ]
}
WAITING = {"chain": [step("a", **_SEEN), foreach("f", _ASKED, items="[`1`, `2`]"), {"timer": "t", "seconds": 60}, step("b", **_SEEN)]}
PICK = st.integers(0, 10_000)
SOME = st.integers(0, 3)


class LedgerMachine(RuleBasedStateMachine):
    """Up to three runs at once; each rule does one thing to the database and the same to the model."""

    opens: ClassVar[Callable[[], House]]
    postgres: ClassVar[psycopg.Connection[Any] | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).opens()
        self.runs: dict[str, RunModel] = {}
        self.attempts: list[Attempt] = []  # every attempt ever handed out, for late and repeated results
        self.serial = count(1)
        self.touched: set[str] = set()

    def teardown(self) -> None:
        """Let fair workers finish what is left: every run comes to an end, with the value that the model has for it."""
        try:
            for run in self.runs.values():
                self._drain(run)
            for run in self.runs.values():
                self._check(run)
                if run.state == "succeeded":
                    assert self.house.output(run.id) == run.progress.value
        finally:
            self.house.database.close()

    def _drain(self, run: RunModel) -> None:
        for _ in range(300):
            if run.state != "running":
                return
            for at, each in list(run.steps.items()):
                if each.state == "parked" and run.node(at).signal is not None and run.state == "running":
                    self._signal(run, run.node(at).signal or "", parse_place(at)[1], 0)
                elif each.state in OPEN and each.due != NEVER:
                    self._let_pass(run, at)
            self._sweep()
            for at in [at for at in run.steps if run.claimable(at)]:
                if run.claimable(at):
                    self._complete(self._claim(run, at), keep=False)
        pytest.fail(f"{run.id} does not come to an end: {run.steps}")

    # -- runs -------------------------------------------------------------------------------------------------------

    @initialize(workflow=workflows(depth=3), seed=PICK, taken=SOME)
    def first(self, workflow: Any, seed: int, taken: int) -> None:
        self._begin(program_of(WAITING if seed % 2 else SIDE_BY_SIDE), seed)
        self._begin(build(workflow), seed)
        for run, at in self._claimable()[:taken]:
            self._claim(run, at)

    @precondition(lambda self: len(self.runs) < 3)
    @rule(workflow=workflows(depth=3), seed=PICK)
    def begin(self, workflow: Any, seed: int) -> None:
        self._begin(build(workflow), seed)

    def _begin(self, program: Program, seed: int) -> None:
        name, fate = f"run{len(self.runs)}", Fate(seed)
        how = {"id": name, "idempotency_key": f"key-{name}", "fingerprint": "f"}
        try:
            run = RunModel(name, program, fate)
        except Permanent:
            with pytest.raises(Permanent):
                self.house.begin(program, fate.input(), **how)
            return
        begun = self.house.begun(program, fate.input(), **how)
        assert begun.created
        assert sorted(hint.place for hint in begun.hints) == sorted(at for at, each in run.steps.items() if each.state == "ready")
        self.runs[name] = run
        self.touched.add(name)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def begin_again_with_the_same_key(self, pick: int) -> None:
        run = self._run(pick)
        again = self.house.begun(run.program, run.fate.input(), id="another", idempotency_key=f"key-{run.id}", fingerprint="f")
        assert (again.run, again.created, again.hints) == (run.id, False, ())

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, held=st.booleans())
    def cancel(self, pick: int, held: bool) -> None:
        run = self._run(pick)
        with self._somebody_holds_a_step(run, pick if held else None) as names:
            assert self.house.database.lifecycle.cancel(run.id, "enough") == (run.state == "running")
        if run.state == "running":
            run.stop("cancelled", names)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def pass_the_deadline(self, pick: int) -> None:
        run = self._run(pick)
        if run.state == "running":
            self.house.late(run.id)
            run.late = True

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def resume(self, pick: int) -> None:
        ended = [run for run in self.runs.values() if run.state in ("failed", "cancelled")]
        run = ended[pick % len(ended)] if ended else self._run(pick)
        self.touched.add(run.id)
        if ended:
            hints = self.house.database.lifecycle.resume(run.program, run.id)
            assert {hint.place for hint in hints} == run.resume()
        else:
            with pytest.raises(Conflict):
                self.house.database.lifecycle.resume(run.program, run.id)

    # -- signals ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._signals())
    @rule(pick=PICK, seed=SOME)
    def send_a_signal_to_what_waits(self, pick: int, seed: int) -> None:
        waiting = [
            (run, name, parse_place(at)[1])
            for run in self.runs.values()
            for at, each in run.steps.items()
            if each.state == "parked" and (name := run.node(at).signal) is not None
        ]
        if waiting:
            self._signal(*waiting[pick % len(waiting)], seed)

    @precondition(lambda self: self._signals())
    @rule(pick=PICK, seed=SOME, numbers=st.tuples(*[st.integers(0, 3)] * 3))
    def send_a_signal_to_anything(self, pick: int, seed: int, numbers: tuple[int, ...]) -> None:
        names = self._signals()
        run, name = names[pick % len(names)]
        self._signal(run, name, numbers[: run.program.waiting_for(name)[0].depth], seed)

    @precondition(lambda self: any(run.signals for run in self.runs.values()))
    @rule(pick=PICK)
    def send_a_signal_again_with_its_key(self, pick: int) -> None:
        runs = [run for run in self.runs.values() if run.signals]
        run = runs[pick % len(runs)]
        signal = run.signals[pick % len(run.signals)]
        again = self.house.signal(run.id, place(signal.name, signal.index), "anything", key=f"{signal.number}", fingerprint="f")
        assert (again.created, again.signal.number, again.outcome.hints) == (False, signal.number, ())
        assert again.signal.step == (place(signal.node, signal.index) if signal.node else None)

    def _signals(self) -> list[tuple[RunModel, str]]:
        return [(run, node.signal) for run in self.runs.values() for node in run.program.nodes.values() if node.signal is not None]

    def _signal(self, run: RunModel, name: str, index: tuple[int, ...], seed: int) -> None:
        self.touched.add(run.id)
        key = str(len(run.events) + 1)  # the number that it will have
        payload = {"approved": seed != 1} if isinstance(run.program.waiting_for(name)[0].source, Approval) else {"items": [seed] * seed}
        send = partial(self.house.signal, run.id, place(name, index), payload, by="s", key=key, fingerprint="f")
        try:
            taker = run.taker(name, index)
        except LookupError:
            with pytest.raises((Conflict, NotFound)):
                send()
            return
        received = send()
        answer = Answer(payload, "s", received.signal.at.isoformat())
        made = run.receive(SignalModel(received.signal.number, name, index, answer), taker)
        assert (received.created, received.signal.step, received.signal.number) == (True, taker, int(key))
        assert received.outcome.failed == (made is None)
        assert sorted(hint.place for hint in received.outcome.hints) == sorted([*(made or []), *run.settle()])

    # -- steps ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._claimable())
    @rule(pick=PICK, more=SOME)
    def claim(self, pick: int, more: int) -> None:
        for _ in range(1 + more):
            places = self._claimable()
            if places:
                self._claim(*places[pick % len(places)])

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def try_to_claim_anything(self, pick: int) -> None:
        run = self._run(pick)
        if run.steps:
            at = list(run.steps)[pick % len(run.steps)]
            if run.claimable(at):
                self._claim(run, at)
            else:
                assert self.house.claim(run.id, at) is None, (at, run)

    @precondition(lambda self: self._held())
    @rule(pick=PICK, keep=st.booleans())
    def complete(self, pick: int, keep: bool) -> None:
        self._complete(self._hold(pick), keep)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, keep=st.booleans())
    def complete_late_or_again(self, pick: int, keep: bool) -> None:
        self._complete(self._stale(pick) or self.attempts[pick % len(self.attempts)], keep)

    @precondition(lambda self: self._held())
    @rule(pick=PICK)
    def fail_for_now(self, pick: int) -> None:
        self._fail(self._hold(pick), "retry")

    @precondition(lambda self: self._held())
    @rule(pick=PICK)
    def skip(self, pick: int) -> None:
        self._fail(self._hold(pick), "skip")

    @precondition(lambda self: self._held())
    @rule(pick=PICK, held=st.booleans())
    def fail_for_good(self, pick: int, held: bool) -> None:
        attempt = self._hold(pick)
        with self._somebody_holds_a_step(self.runs[attempt.run], pick if held else None, but=attempt.place) as names:
            self._fail(attempt, "fail", names)

    @precondition(lambda self: self.attempts)
    @rule(pick=PICK, how=st.sampled_from(["retry", "skip", "fail", "note"]))
    def report_late_or_again(self, pick: int, how: str) -> None:
        attempt = self._stale(pick) or self.attempts[pick % len(self.attempts)]
        run = self.runs[attempt.run]
        holds = run.holds(attempt.place, attempt.number)
        if how == "note":
            assert self.house.database.ledger.note(attempt, Note("log_broadcast", "step.progress")) == holds
            run.events += ["step.progress"] * holds
        elif not holds:
            self._fail(attempt, how)

    @precondition(lambda self: self.attempts)
    @rule(renew=st.booleans())
    def beat(self, renew: bool) -> None:
        gone = self.house.database.ledger.beat(self.attempts, renew=renew)
        for attempt in self.attempts:
            run = self.runs[attempt.run]
            holds = run.holds(attempt.place, attempt.number)
            assert (attempt not in gone) == holds
            if holds and renew:
                run.steps[attempt.place].due = SOON

    # -- time -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._held())
    @rule(pick=PICK)
    def ask_for_the_step_of_a_silent_worker(self, pick: int) -> None:
        attempt = self._hold(pick)
        run, at = self.runs[attempt.run], attempt.place
        self._let_pass(run, at)
        if run.claimable(at):
            self._claim(run, at)
        else:
            assert self.house.claim(run.id, at) is None, (at, run)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def a_worker_cannot_make_a_step_out(self, pick: int) -> None:
        run = self._run(pick)
        for at, each in list(run.steps.items())[pick % 3 :][:1]:
            key, index = parse_place(at)
            assert not self.house.database.ledger.pass_on(run.id, key, index, BROKEN)
            if each.state == "ready" and run.state == "running":
                run.pass_on(at)

    @precondition(lambda self: self._timed())
    @rule(pick=PICK)
    def let_time_pass_for_a_step(self, pick: int) -> None:
        places = self._timed()
        self._let_pass(*places[pick % len(places)])

    @rule()
    def sweep(self) -> None:
        self._sweep()

    # -- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def the_database_holds_what_the_model_says(self) -> None:
        for name in self.touched:
            self._check(self.runs[name])
        self.touched.clear()

    def _check(self, run: RunModel) -> None:
        assert self.house.state(run.id) == run.state
        assert self.house.names(run.id) == run.events  # their numbers have no gap
        rows = self.house.sql(
            "SELECT node, idx, state, attempt, failures, lost, hints, CASE WHEN due IS NULL THEN 'never' WHEN due < {now} THEN 'over'"
            " ELSE 'to come' END, output FROM step WHERE run = :run",
            run=run.id,
        )
        loads = self.house.database.driver.loads
        found = {place(node, decode_index(idx)): (*rest, loads(output)) for node, idx, *rest, output in rows}
        assert found == {
            at: (each.state, each.attempt, each.failures, each.lost, each.hints, each.when, run.results.get(at))
            for at, each in run.steps.items()
        }
        came: dict[tuple[str, str], dict[int, bool]] = {}
        for node, idx, member, ok in self.house.sql("SELECT node, idx, member, ok FROM arrival WHERE run = :run", run=run.id):
            came.setdefault((node, idx), {})[member] = bool(ok)
        joins = self.house.sql("SELECT node, idx, width, pending, succeeded FROM fan_out WHERE run = :run", run=run.id)
        for node, idx, width, pending, succeeded in joins:
            here = came.get((node, idx), {})
            assert (width, here) == run.progress.joins[node, idx]
            assert (pending, succeeded) == (width - len(here), sum(here.values()))
        assert {(node, idx) for node, idx, *_ in joins} == set(run.progress.joins)
        signals = self.house.sql("SELECT number, name, idx, node, attempt FROM signal WHERE run = :run ORDER BY number", run=run.id)
        assert signals == [(each.number, each.name, encode_index(each.index), each.node, each.attempt) for each in run.signals]
        order = [row[0] for row in self.house.sql("SELECT position FROM event WHERE run = :run ORDER BY seq", run=run.id)]
        assert order == sorted(order)

    # -- one thing to both ------------------------------------------------------------------------------------------

    def _claim(self, run: RunModel, at: str) -> Attempt:
        attempt = self.house.claim(run.id, at)
        assert attempt is not None, (at, run)
        run.claim(at)
        assert (attempt.number, attempt.failures) == (run.steps[at].attempt, run.steps[at].failures)
        self._taken(run, attempt)
        return attempt

    def _taken(self, run: RunModel, attempt: Attempt) -> None:
        assert self.house.seen(attempt)["prev"] == run.progress.open[attempt.place]
        self.attempts.append(attempt)
        self.touched.add(run.id)

    def _complete(self, attempt: Attempt, keep: bool) -> None:
        run, at = self.runs[attempt.run], attempt.place
        holds = run.holds(at, attempt.number)
        output = run.fate.output(f"{at}#{attempt.number}", None)
        # The deadline that an attempt knows is the one that its run had then; here it was moved by hand.
        outcome = self.house.complete(attempt, output, KEEP if keep and not run.late else None)
        made = run.complete(at, output) if holds else []
        if outcome.kept is not None:
            assert keep
            run.claim(outcome.kept.place)
            assert outcome.kept.number == 1
            assert self.house.seen(outcome.kept) == self.house.seen_afresh(outcome.kept)
            self._taken(run, outcome.kept)
        self._led_to(run, outcome, holds, made)

    def _fail(self, attempt: Attempt, how: str, held: frozenset[str] = frozenset()) -> None:
        run, at = self.runs[attempt.run], attempt.place
        holds = run.holds(at, attempt.number)
        options: dict[str, Any] = {"retry": {"retry_in": 60.0}, "skip": {"skip": True}, "fail": {}}[how]
        outcome = self.house.fail(attempt, BROKEN, **options)
        made: list[str] | None = []
        if holds and how == "retry":
            run.retry(at)
        elif holds and how == "skip":
            made = run.skip(at)
        elif holds:
            run.fail(at, held)
            made = None
        self._led_to(run, outcome, holds, made)

    def _led_to(self, run: RunModel, outcome: Outcome, holds: bool, made: list[str] | None) -> None:
        assert outcome.recorded == holds
        assert outcome.failed == (made is None)
        made = [*(made or []), *run.settle()]
        ready = [hint.place for hint in outcome.hints] + ([outcome.kept.place] if outcome.kept else [])
        assert sorted(ready) == sorted(made)
        self.touched.add(run.id)

    def _let_pass(self, run: RunModel, at: str) -> None:
        run.steps[at].due = next(self.serial)
        ago = run.steps[at].due - 10_000.0
        self.house.sql(
            "UPDATE step SET due = {in:ago} WHERE run = :run AND node = :node AND idx = :idx", ago=ago, **self.house.key(run.id, at)
        )

    def _sweep(self) -> None:
        moments = {
            (run.id, at): self._due(run, at) for run in self.runs.values() for at, each in run.steps.items() if each.state == "parked"
        }
        sweep = self.house.database.reconciler.sweep()
        hints: list[tuple[str, str]] = []
        late = [run for run in self.runs.values() if run.late and run.state == "running"]
        for run in late:
            run.stop("failed")
        overdue = sorted(
            ((each.due, run, at) for run in self.runs.values() for at, each in run.steps.items() if each.due > 0), key=lambda one: one[0]
        )
        lost = given_up = republished = timers = 0
        for _, run, at in overdue:
            each = run.steps[at]
            if run.state != "running":
                each.due = NEVER
            elif each.state == "running":
                again = run.lose(at)
                lost, given_up = lost + again, given_up + (not again)
                hints += [(run.id, at)] * again
        for _, run, at in overdue:
            each = run.steps[at]
            if each.due > 0 and each.state != "parked":
                republished += each.state == "ready"
                timers += each.state == "waiting"
                each.hints += each.state == "ready"
                each.state, each.due = "ready", SOON
                hints.append((run.id, at))
        waits = 0
        for _, run, at in overdue:
            each = run.steps[at]
            if each.state == "parked" and each.due > 0 and run.state == "running":
                made = run.fire(at, moments[run.id, at])
                hints += [(run.id, ready) for ready in [*(made or []), *run.settle()]]
                waits += 1
        assert sorted((hint.run, hint.place) for hint in sweep.hints) == sorted(hints)
        counts = (sweep.republished, sweep.timers, sweep.leases_expired, sweep.given_up, sweep.deadlines, sweep.waits)
        assert counts == (republished, timers, lost, given_up, len(late), waits)
        self.touched.update(self.runs)

    def _due(self, run: RunModel, at: str) -> datetime:
        return self.house.database.driver.moment(self.house.column(run.id, at, "due")) or datetime.max

    @contextmanager
    def _somebody_holds_a_step(self, run: RunModel, pick: int | None, but: str | None = None) -> Iterator[frozenset[str]]:
        """A transaction of somebody else has a step's row, as a completion has that waits for the run's. Only PostgreSQL locks rows."""
        self.touched.add(run.id)
        places = [at for at, each in run.steps.items() if each.state in OPEN and at != but]
        if self.postgres is None or pick is None or not places:
            yield frozenset()
            return
        at = places[pick % len(places)]
        key = self.house.key(run.id, at)
        with self.postgres.transaction():
            self.postgres.execute("SELECT 1 FROM step WHERE run = %(run)s AND node = %(node)s AND idx = %(idx)s FOR UPDATE", key)
            yield frozenset([at])

    # -- what there is ----------------------------------------------------------------------------------------------

    def _run(self, pick: int) -> RunModel:
        run = list(self.runs.values())[pick % len(self.runs)]
        self.touched.add(run.id)
        return run

    def _claimable(self) -> list[tuple[RunModel, str]]:
        return [(run, at) for run in self.runs.values() for at in run.steps if run.claimable(at)]

    def _timed(self) -> list[tuple[RunModel, str]]:
        return [(run, at) for run in self.runs.values() for at, each in run.steps.items() if each.due == SOON]

    def _held(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if self.runs[attempt.run].holds(attempt.place, attempt.number)]

    def _stale(self, pick: int) -> Attempt | None:
        """One that does not count though its step is under way: its run has ended, or another worker has the step."""
        under_way = [each for each in self.attempts if self.runs[each.run].steps[each.place].state == "running"]
        stale = [each for each in under_way if not self.runs[each.run].holds(each.place, each.number)]
        return stale[pick % len(stale)] if stale else None

    def _hold(self, pick: int) -> Attempt:
        held = self._held()
        return held[pick % len(held)]


def run_machine(opens: Callable[[], House], examples: int, steps: int, postgres: psycopg.Connection[Any] | None = None) -> None:
    machine = type("Machine", (LedgerMachine,), {"opens": staticmethod(opens), "postgres": postgres})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=checks))


def test_on_sqlite_every_promise_holds_in_any_order_of_events(tmp_path: Path) -> None:
    made = open_house(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path)
    made.database.close()

    def opens() -> House:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        shutil.copy(tmp_path / "empty.db", folder / "state.db")
        return open_house(f"sqlite:///{folder / 'state.db'}", folder, upgrade=False, max_lost=MAX_LOST)

    run_machine(opens, examples=100, steps=50)


def test_on_postgresql_every_promise_holds_in_any_order_of_events(postgres: Postgres, tables_url: str, tmp_path: Path) -> None:
    def opens() -> House:
        house = open_house(tables_url, tmp_path, upgrade=False, max_lost=MAX_LOST)
        house.sql("TRUNCATE run, workflow, step, fan_out, arrival, event, signal")
        return house

    with psycopg.connect(tables_url, autocommit=True) as other:
        run_machine(opens, examples=30, steps=50, postgres=other)
