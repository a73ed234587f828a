"""The ledger: claims, completions and failures of steps, each one transaction guarded by the attempt's number.

Whatever calls these methods, in whatever order and however often, one output of a step is recorded, a join's body
becomes ready once, and nothing of a run that has ended starts. `synapse.state.fused` does the same for PostgreSQL with
one statement where the shape of the workflow allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from synapse.contracts.run import Failure
from synapse.errors import Permanent, SynapseError
from synapse.faults import reach
from synapse.state import outbox
from synapse.state.driver import Driver, Session
from synapse.state.packing import Packer
from synapse.state.records import STALE, Attempt, Hint, Keep, Note, Outcome
from synapse.state.waits import Waits, began
from synapse.state.writes import Writes
from synapse.workflows.advance import Arrive, Finish, NewStep, NewWait, Start, after, after_skip, needs, opening
from synapse.workflows.program import Index, Program, decode_index, encode_index, parse_place, place
from synapse.workflows.values import Fetch, Rows, fetches

_PAUSE = 5.0
"""Seconds until a step that was passed on is offered again."""
_CLAIMABLE = "(state = 'ready' OR (state = 'running' AND due < {now} AND lost < :max_lost))"
_STARTABLE = "(deadline IS NULL OR deadline > {now})"

LOCK_CLAIMABLE = f"SELECT agent, state FROM step WHERE run = :run AND node = :node AND idx = :idx AND {_CLAIMABLE}{{lock}}"
COUNT_STARTABLE = f"""UPDATE run SET seq = seq + 1, position = {{later}} WHERE id = :run AND state = 'running' AND {_STARTABLE}
RETURNING seq, input, deadline, traceparent, priority, tenant"""
CLAIM = """UPDATE step SET state = 'running', attempt = attempt + 1, lost = lost + :lost, due = {in:lease}, started_at = {now},
 worker = :worker
WHERE run = :run AND node = :node AND idx = :idx RETURNING attempt, failures"""
LOCK_READY = """SELECT agent, attempt, created_at < {in:ago} FROM step WHERE run = :run AND node = :node AND idx = :idx
AND state = 'ready'{lock}"""
ALLOWED = "SELECT timeout FROM run WHERE id = :run"
# A run that was resumed has its whole time again: what is left of it tells when that was.
ALLOWED_LONG_AGO = "SELECT 1 FROM run WHERE id = :run AND (deadline IS NULL OR deadline < {in:rest})"
# Its message was not lost: the next one must not have to wait the longer for it.
LEAVE = """UPDATE step SET due = {in:pause}, hints = CASE WHEN hints > 0 THEN hints - 1 ELSE 0 END
WHERE run = :run AND node = :node AND idx = :idx"""
LOCK_MINE = """SELECT agent FROM step WHERE run = :run AND node = :node AND idx = :idx AND attempt = :attempt AND state = 'running'{lock}"""
SUCCEED = """UPDATE step SET state = 'succeeded', output = {json:output}, error = NULL, due = NULL, finished_at = {now}
WHERE run = :run AND node = :node AND idx = :idx"""
END_STEP = """UPDATE step SET state = :state, error = {json:error}, failures = failures + 1, due = NULL, finished_at = {now}
WHERE run = :run AND node = :node AND idx = :idx"""
WAIT = """UPDATE step SET state = 'waiting', error = {json:error}, failures = failures + :counted, due = {in:delay}
WHERE run = :run AND node = :node AND idx = :idx"""
END_RUN = "UPDATE run SET state = :state, error = {json:error}, finished_at = {now} WHERE id = :run"
UNSENT = """UPDATE step SET due = {now}, hints = CASE WHEN hints > 0 THEN hints - 1 ELSE 0 END
WHERE run = :run AND node = :node AND idx = :idx AND state = 'ready'"""
ENDED = """SELECT node, idx, attempt FROM step
WHERE run = :run AND node = :node AND idx >= :low AND idx <= :high AND attempt > 0 AND finished_at IS NOT NULL ORDER BY idx LIMIT :most"""
HAND_BACK = "UPDATE step SET state = 'ready', due = {in:grace} WHERE run = :run AND node = :node AND idx = :idx"
# An open step of a run that has ended is nobody's business: without a due time no sweep looks at it.
# One that is locked is left to the sweep: whoever holds it waits for the run that we hold, and will find it ended.
REST = """UPDATE step SET due = NULL WHERE (run, node, idx) IN
(SELECT run, node, idx FROM step WHERE run = :run AND state IN ('ready', 'waiting', 'parked', 'running'){skip})"""


class Ledger:
    """The steps of every run in one database. Thread-safe: each thread has its own connection."""

    def __init__(
        self, driver: Driver, packer: Packer, *, grace: float = 30.0, lease: float = 30.0, max_lost: int = 5, rollout: float = 900.0
    ) -> None:
        self.driver = driver
        self.packer = packer
        self.lease = lease
        self.max_lost = max_lost
        self.rollout = rollout
        self.writes = Writes(driver, packer, grace)
        self._lock = " FOR UPDATE" if driver.name == "postgresql" else ""
        self.skip = " FOR UPDATE SKIP LOCKED" if driver.name == "postgresql" else ""
        self.waits = Waits(self)

    # -- claims -------------------------------------------------------------------------------------------------

    def claim(self, program: Program, run: str, key: str, index: Index, worker: str) -> Attempt | None:
        """Take the step, and fetch what its inputs need; None when there is nothing to take.

        A step can be taken when it is ready, or when its lease has run out; never when its run has ended or is past its deadline.
        """
        return self.driver.atomic(lambda session: self._claim(session, program, run, key, index, worker))

    def _claim(self, session: Session, program: Program, run: str, key: str, index: Index, worker: str) -> Attempt | None:
        node = program.nodes[key]
        where = {"run": run, "node": key, "idx": encode_index(index)}
        found = session.rows(LOCK_CLAIMABLE.replace("{lock}", self._lock), {**where, "max_lost": self.max_lost})
        if not found:
            return None
        agent, state = found[0]
        counted = session.rows(COUNT_STARTABLE, {"run": run})
        if not counted:
            return None
        seq, run_input, deadline, traceparent, priority, tenant = counted[0]
        number, failures = session.rows(CLAIM, {**where, "lost": int(state == "running"), "lease": self.lease, "worker": worker})[0]
        note = Note("status_update", "step.started", place(key, index), agent, number, {"worker": worker})
        self.writes.note(session, run, seq, [note])
        rows = self.writes.fetch(session, run, fetches(program, node, index), Rows())
        given = self.driver.loads(run_input)
        return Attempt(run, node, index, number, failures, given, self.driver.moment(deadline), rows, traceparent, priority, tenant)

    def ended(self, run: str, wanted: Sequence[Fetch], most: int) -> list[tuple[str, int]]:
        """The place and the last attempt of the steps among these that have ended, so many at most."""
        found: list[tuple[str, int]] = []
        for fetch in wanted:
            parameters = {"run": run, "node": fetch.node, "low": fetch.low, "high": fetch.high, "most": most - len(found)}
            rows = self.driver.rows(ENDED, parameters)
            found += [(place(node, decode_index(idx)), attempt) for node, idx, attempt in rows]
        return found

    # -- results ------------------------------------------------------------------------------------------------

    def complete(self, program: Program, attempt: Attempt, output: dict[str, Any], keep: Keep | None = None) -> Outcome:
        """Record the output, arrive at the join, make ready what is next: once, or not at all when the attempt is stale.

        With ``keep`` one of the steps that become ready is claimed at once, and is in the outcome as an attempt.
        When what is next cannot be started (a list wider than its limit), the step fails instead, and with it the run.
        """
        try:
            return self.settled(
                program, attempt, self.driver.atomic(lambda session: self._complete(session, program, attempt, output, keep))
            )
        except Permanent as error:
            return self.fail(program, attempt, Failure(code=error.code, message=str(error)))

    def _complete(self, session: Session, program: Program, attempt: Attempt, output: dict[str, Any], keep: Keep | None) -> Outcome:
        agent = self._lock_mine(session, attempt)
        if agent is None:
            return STALE
        last = self.writes.count(session, attempt.run, 1)
        if last is None:
            return STALE
        session.rows(SUCCEED, {**attempt.key, "output": self.packer.pack(output)})
        attempt.rows.steps[attempt.node.key, attempt.index] = ("succeeded", output, None)
        note = Note("data_submit", "step.succeeded", attempt.place, agent, attempt.number)
        return self.go_on(session, program, attempt, after(attempt.node, attempt.index), note, last, keep=keep)

    def fail(
        self,
        program: Program,
        attempt: Attempt,
        failure: Failure,
        *,
        skip: bool = False,
        retry_in: float | None = None,
        counted: bool = True,
    ) -> Outcome:
        """Record a failed attempt: try again after ``retry_in`` seconds, drop the member (``skip``), or fail the run.

        Not ``counted``, it leaves the step as many tries as it had.
        """
        if retry_in is not None:
            return self.driver.atomic(lambda session: self._retry(session, attempt, failure, retry_in, counted))
        if skip:
            try:
                return self.settled(program, attempt, self.driver.atomic(lambda session: self._skip(session, program, attempt, failure)))
            except Permanent as error:
                failure = Failure(code=error.code, message=str(error))
        return self.driver.atomic(lambda session: self._fail(session, attempt, failure))

    def settled(self, program: Program, attempt: Attempt, outcome: Outcome) -> Outcome:
        """The outcome with what came of waits whose signal had come before them."""
        return self.waits.settle(program, attempt.run, outcome) if outcome.early else outcome

    def _retry(self, session: Session, attempt: Attempt, failure: Failure, delay: float, counted: bool) -> Outcome:
        agent = self._lock_mine(session, attempt)
        last = self.writes.count(session, attempt.run, 1) if agent is not None else None
        if last is None:
            return STALE
        session.rows(WAIT, {**attempt.key, "error": failure.model_dump_json(), "delay": delay, "counted": int(counted)})
        data = {"error": failure.model_dump(), "retry_in": round(delay, 3)}
        self.writes.note(session, attempt.run, last, [Note("status_update", "step.retrying", attempt.place, agent, attempt.number, data)])
        return Outcome(recorded=True)

    def _skip(self, session: Session, program: Program, attempt: Attempt, failure: Failure) -> Outcome:
        agent = self._lock_mine(session, attempt)
        last = self.writes.count(session, attempt.run, 1) if agent is not None else None
        if last is None:
            return STALE
        session.rows(END_STEP, {**attempt.key, "state": "skipped", "error": failure.model_dump_json()})
        attempt.rows.steps[attempt.node.key, attempt.index] = ("skipped", None, failure.model_dump())
        note = Note("status_update", "step.skipped", attempt.place, agent, attempt.number, {"error": failure.model_dump()})
        return self.go_on(session, program, attempt, after_skip(attempt.node, attempt.index), note, last, ok=False)

    def _fail(self, session: Session, attempt: Attempt, failure: Failure) -> Outcome:
        agent = self._lock_mine(session, attempt)
        last = self.writes.count(session, attempt.run, 2) if agent is not None else None
        if last is None:
            return STALE
        self.fail_step(session, attempt.key, agent, failure, last)
        return Outcome(recorded=True, run_ended=True, failed=True)

    def fail_step(
        self, session: Session, key: dict[str, Any], agent: str | None, failure: Failure, last: int, more: dict[str, Any] | None = None
    ) -> None:
        """Fail a locked step and its run; ``last`` is the second of two event numbers that the caller reserved.

        The step's event says ``more`` beside the failure.
        """
        session.rows(END_STEP, {**key, "state": "failed", "error": failure.model_dump_json()})
        self.end_run(session, key["run"], "failed", failure)
        at, said = place(key["node"], decode_index(key["idx"])), {"error": failure.model_dump()}
        notes = [
            Note("status_update", "step.failed", at, agent, key["attempt"], {**said, **(more or {})}),
            Note("status_update", "run.failed", data={**said, "step": at}),
        ]
        self.writes.note(session, key["run"], last, notes)

    def _lock_mine(self, session: Session, attempt: Attempt) -> str | None:
        """The step's agent, if this attempt still holds it. Locks the step."""
        found = session.rows(LOCK_MINE.replace("{lock}", self._lock), attempt.key)
        return str(found[0][0]) if found else None

    def end_run(self, session: Session, run: str, state: str, failure: Failure | None) -> None:
        """Put the run in a terminal state; the caller has counted it, so it is running and locked."""
        session.rows(END_RUN, {"run": run, "state": state, "error": failure.model_dump_json() if failure else None})
        outbox.run_ended(session, run, state, failure)
        if state != "succeeded":
            session.rows(REST.replace("{skip}", self.skip), {"run": run})

    def pass_on(self, run: str, key: str, index: Index, failure: Failure) -> bool:
        """Leave a ready step to a worker of another version, for this one cannot make it out.

        It is offered again after a few seconds, and that uses up none of its tries. True when it was ready for longer than a
        rollout takes: then there is no such worker, it fails with ``failure``, and the run with it.
        """
        return self.driver.atomic(lambda session: self._pass_on(session, run, key, index, failure))

    def _pass_on(self, session: Session, run: str, key: str, index: Index, failure: Failure) -> bool:
        where = {"run": run, "node": key, "idx": encode_index(index)}
        found = session.rows(LOCK_READY.replace("{lock}", self._lock), {**where, "ago": -self.rollout})
        if not found:
            return False
        agent, attempt, old = found[0]
        gives_up = bool(old) and self._allowed_long_ago(session, run)
        last = self.writes.count(session, run, 1 + gives_up)
        if last is None:
            return False
        if gives_up:
            self.fail_step(session, {**where, "attempt": attempt}, agent, failure, last)
            return True
        session.rows(LEAVE, {**where, "pause": min(self.writes.grace, _PAUSE)})
        said = {"reason": "left to a worker of another version", "error": failure.model_dump()}
        self.writes.note(session, run, last, [Note("status_update", "step.lost", place(key, index), agent, attempt, said)])
        return False

    def _allowed_long_ago(self, session: Session, run: str) -> bool:
        """Whether the run began, or was resumed, before the longest rollout."""
        timeout = session.rows(ALLOWED, {"run": run})[0][0] or 0.0
        return bool(session.rows(ALLOWED_LONG_AGO, {"run": run, "rest": timeout - self.rollout}))

    def hand_back(self, program: Program, attempt: Attempt) -> tuple[Hint, ...]:
        """Make the step ready for another worker, for this one is to stop; neither lost nor failed. None when it is stale."""
        return self.driver.atomic(lambda session: self._hand_back(session, program, attempt))

    def _hand_back(self, session: Session, program: Program, attempt: Attempt) -> tuple[Hint, ...]:
        agent = self._lock_mine(session, attempt)
        last = self.writes.count(session, attempt.run, 1) if agent is not None else None
        if last is None:
            return ()
        session.rows(HAND_BACK, {**attempt.key, "grace": self.writes.grace})
        said = {"reason": "its worker was asked to stop"}
        self.writes.note(session, attempt.run, last, [Note("status_update", "step.lost", attempt.place, agent, attempt.number, said)])
        ready = [NewStep(attempt.node, attempt.index)]
        return hints_of(program, attempt.run, ready, attempt.traceparent, attempt.priority)

    def unsent(self, hints: Sequence[Hint]) -> None:
        """The broker did not take these: they are as overdue as can be, and its outage does not count as patience with them."""
        for hint in hints:
            key, index = parse_place(hint.place)
            self.driver.rows(UNSENT, {"run": hint.run, "node": key, "idx": encode_index(index)})

    # -- what is next -------------------------------------------------------------------------------------------

    def go_on(
        self,
        session: Session,
        program: Program,
        attempt: Attempt,
        way: Start | Arrive | Finish,
        note: Note,
        last: int,
        *,
        ok: bool = True,
        keep: Keep | None = None,
    ) -> Outcome:
        """Follow the way until something becomes ready, a join waits for others, or the run is done."""
        run, ended, ready = attempt.run, False, []
        waits: list[NewWait] = []
        while True:
            if isinstance(way, Finish):
                ended = True
                break
            if isinstance(way, Arrive):
                left = self.writes.arrive(session, run, way.join, way.index, way.member, ok)
                if left is None or left[0] > 0:
                    break
                reach("in-join", way.join.key)
                self._check_successes(way, left[1])
                ok, way = True, after(way.join, way.index)
                continue
            made = opening(program, way.node, way.index, self._rows(session, program, attempt, way), attempt.run_input)
            self.writes.open(session, run, made)
            ready, waits = made.steps, made.waits
            if not made.done:
                break
            way = after(way.node, way.index)
        note.data["next"] = [place(step.node.key, step.index) for step in ready]
        notes = [note]
        early = self.waits.begin(session, run, waits) if waits else ()
        if waits:
            last = self.writes.count(session, run, len(waits)) or last
            notes += [began(new) for new in waits]
        if ended:
            reach("in-finish", attempt.place)
            last = self.writes.count(session, run, 1) or last
            self.end_run(session, run, "succeeded", None)
            notes.append(Note("status_update", "run.succeeded"))
        self.writes.note(session, run, last, notes)
        chosen = choose(ready, keep)
        kept = self._claim(session, program, run, chosen.node.key, chosen.index, keep.worker) if keep and chosen else None
        others = [step for step in ready if kept is None or step is not chosen]
        hints = hints_of(program, run, others, attempt.traceparent, attempt.priority)
        return Outcome(True, hints, ended, kept=kept, parked=bool(waits), early=early)

    def _rows(self, session: Session, program: Program, attempt: Attempt, way: Start) -> Rows:
        wanted: list[Fetch] = needs(program, way.node, way.index)
        return self.writes.fetch(session, attempt.run, wanted, attempt.rows) if wanted else attempt.rows

    @staticmethod
    def _check_successes(way: Arrive, succeeded: int) -> None:
        least = way.join.source.min_success if way.join.kind == "foreach" else 0
        if succeeded < least:
            raise Permanent(f"{way.join.at}: {succeeded} succeeded; {least} must")

    # -- running steps ------------------------------------------------------------------------------------------

    def beat(self, attempts: list[Attempt], *, renew: bool) -> list[Attempt]:
        """The attempts that no longer count (cancelled, taken over, run ended); with ``renew`` the others' leases are renewed."""
        return [attempt for attempt in attempts if not self._beat(attempt, renew)]

    def _beat(self, attempt: Attempt, renew: bool) -> bool:
        sql = BEAT_RENEW if renew else BEAT
        return bool(self.driver.rows(sql, {**attempt.key, "lease": self.lease} if renew else attempt.key))

    def note(self, attempt: Attempt, note: Note) -> bool:
        """Write an event of a step that is being worked on; False when the attempt is stale."""

        def work(session: Session) -> bool:
            agent = self._lock_mine(session, attempt)
            last = self.writes.count(session, attempt.run, 1) if agent is not None else None
            if last is None:
                return False
            self.writes.note(session, attempt.run, last, [replace(note, step=attempt.place, agent=agent, attempt=attempt.number)])
            return True

        return self.driver.atomic(work)


_HELD = "run = :run AND node = :node AND idx = :idx AND attempt = :attempt AND state = 'running'"
_RUN_ON = "EXISTS (SELECT 1 FROM run WHERE run.id = step.run AND run.state = 'running')"
BEAT = f"SELECT 1 FROM step WHERE {_HELD} AND {_RUN_ON}"
BEAT_RENEW = f"UPDATE step SET due = {{in:lease}} WHERE {_HELD} AND {_RUN_ON} RETURNING 1"


def choose(ready: list[NewStep], keep: Keep | None) -> NewStep | None:
    """The step that the completer goes on with."""
    return next((step for step in ready if keep.takes(step.node.source.agent)), None) if keep else None


def hints_of(program: Program, run: str, steps: list[NewStep], traceparent: str | None, priority: int) -> tuple[Hint, ...]:
    """The messages that tell workers of steps that became ready."""
    return tuple(
        Hint(run, place(step.node.key, step.index), step.node.source.agent, program.digest, traceparent, priority) for step in steps
    )


def failure_of(error: BaseException) -> Failure:
    """The failure that an exception stands for; an unknown one is 'internal' and keeps its type's name."""
    if isinstance(error, SynapseError):
        return Failure(code=error.code, message=str(error)[:2000])
    return Failure(code="internal", message=f"{type(error).__name__}: {error}"[:2000])
