"""The mutations. Those of the ledger are made on each database where the two have SQL of their own."""

from __future__ import annotations

from benchmarks.mutations.mutation import Edit, Mutation

MODEL = ("tests/integration/state/test_parity.py", "tests/integration/state/test_ledger_model.py")
WRITTEN = ("tests/unit/state/test_writes.py", *MODEL)
AT_ONCE = ("tests/integration/state/test_concurrency.py",)
WAITING = ("tests/integration/state/test_waits.py",)
MIGRATING = ("tests/unit/state/test_migrate.py", "tests/integration/state/test_migrate.py")


def _unit(*modules: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/engine/test_{module}.py" for module in modules)


def _of(area: str, name: str, *edits: tuple[str, str, str], tests: tuple[str, ...] = MODEL, on: str = "", defence: str = "") -> Mutation:
    # Where both databases share the code, SQLite is the cheaper one to try it on.
    on = on or ("not postgresql" if tests == MODEL else "")
    return Mutation(area, name, tuple(Edit(*edit) for edit in edits), tests, on, defence)


def _sqlite(area: str, name: str, *edits: tuple[str, str, str], tests: tuple[str, ...] = MODEL) -> Mutation:
    return _of(area, f"{name} (SQLite)", *edits, tests=tests, on="not postgresql")


def _postgres(area: str, name: str, *edits: tuple[str, str, str], tests: tuple[str, ...] = MODEL, **more: str) -> Mutation:
    return _of(area, f"{name} (PostgreSQL)", *edits, tests=tests, on="postgresql" if tests == MODEL else "", **more)


LEDGER, WRITES, SQL, FUSED = "state/ledger.py", "state/writes.py", "state/fused_sql.py", "state/fused.py"
LIFECYCLE, SWEEP, DRIVER = "state/lifecycle.py", "state/reconcile.py", "state/driver.py"
WAITS, SIGNALS, CONSUMING = "state/waits.py", "state/signals.py", "engine/consuming.py"

_CLAIMS = (
    _sqlite("Claims", "a step of a run that has ended can be claimed", (LEDGER, "AND state = 'running' AND {_STARTABLE}", "AND {_STARTABLE}")),
    _postgres("Claims", "a step of a run that has ended can be claimed", (SQL, "run.state = 'running' AND (run.deadline", "(run.deadline")),
    _sqlite("Claims", "a step of a run past its deadline can be claimed", (LEDGER, '"(deadline IS NULL OR deadline > {now})"', '"(1 = 1)"')),
    _postgres(
        "Claims", "a step of a run past its deadline can be claimed", (SQL, " AND (run.deadline IS NULL OR run.deadline > now())\n", "\n")
    ),
    _sqlite("Claims", "the claim does not count the attempt", (LEDGER, "attempt = attempt + 1", "attempt = 1")),
    _postgres("Claims", "the claim does not count the attempt", (SQL, "attempt = step.attempt + 1", "attempt = 1")),
    _of(
        "Claims", "who completes a step goes on with one of an agent that it has not",
        ("state/records.py", " and (self.agents is None or agent in self.agents)", ""), tests=MODEL,
    ),
)  # fmt: skip

_LEASES = (
    _sqlite(
        "Leases", "a running step is taken before its lease has run out",
        (LEDGER, "(state = 'running' AND due < {now} AND lost", "(state = 'running' AND lost"),
    ),
    _postgres(
        "Leases", "a running step is taken before its lease has run out",
        (SQL, "(state = 'running' AND due < now() AND lost", "(state = 'running' AND lost"),
    ),
    _sqlite(
        "Leases", "a step that lost too many workers is taken again",
        (LEDGER, "due < {now} AND lost < :max_lost", "due < {now} AND :max_lost >= 0"),
    ),
    _postgres(
        "Leases", "a step that lost too many workers is taken again",
        (SQL, "due < now() AND lost < :max_lost", "due < now() AND :max_lost >= 0"),
    ),
    _of("Leases", "a beat does not renew", (LEDGER, "SET due = {{in:lease}} WHERE {_HELD}", "SET due = due WHERE :lease > 0 AND {_HELD}")),
    _of("Leases", "a beat goes on for a worker that lost its step", (LEDGER, "AND attempt = :attempt AND state = 'running'\"\n_RUN_ON", "AND :attempt > 0 AND state = 'running'\"\n_RUN_ON")),
    _of("Leases", "a beat goes on for a run that was cancelled", (LEDGER, "WHERE run.id = step.run AND run.state = 'running')\"", "WHERE run.id = step.run)\"")),
    _of("Leases", "a duty is taken from who holds it", ("state/leases.py", "WHERE lease.holder = :holder OR lease.until < {now}", "WHERE true"), tests=("tests/unit/state/test_leases.py", *_unit("housekeeping"))),
)  # fmt: skip

_FENCE = (
    _sqlite(
        "The fence", "a stale result is recorded",
        (LEDGER, "AND idx = :idx AND attempt = :attempt AND state = 'running'{lock}", "AND idx = :idx AND :attempt > 0 AND state = 'running'{lock}"),
    ),
    _postgres(
        "The fence", "a stale result is recorded where one statement completes",
        (SQL, '_RECORD = f"""mine AS (SELECT run, agent FROM step WHERE {_KEY} AND attempt = :attempt AND state', '_RECORD = f"""mine AS (SELECT run, agent FROM step WHERE {_KEY} AND :attempt > 0 AND state'),
    ),
    _postgres(
        "The fence", "a stale result of a member that is not the last is recorded",
        (SQL, 'COMPLETE_EARLY = f"""WITH mine AS (SELECT run, agent FROM step WHERE {_KEY} AND attempt = :attempt', 'COMPLETE_EARLY = f"""WITH mine AS (SELECT run, agent FROM step WHERE {_KEY} AND :attempt > 0'),
    ),
    _sqlite("The fence", "a step that is done is recorded again", (LEDGER, "AND attempt = :attempt AND state = 'running'{lock}", "AND attempt = :attempt{lock}")),
    _postgres(
        "The fence", "a step that is done is recorded again",
        (SQL, "{_KEY} AND attempt = :attempt AND state = 'running' FOR UPDATE),\ncounted", "{_KEY} AND attempt = :attempt FOR UPDATE),\ncounted"),
    ),
    _of("The fence", "results count after the run has ended", (WRITES, "WHERE id = :run AND state = 'running' RETURNING seq", "WHERE id = :run RETURNING seq")),
    _postgres(
        "The fence", "results count after the run has ended, where one statement completes",
        (SQL, "WHERE run.id = :run AND run.state = 'running' RETURNING run.id, run.seq, run.position{{told}}),\ndone", "WHERE run.id = :run RETURNING run.id, run.seq, run.position{{told}}),\ndone"),
    ),
    _postgres(
        "The fence", "the result of a member that is not the last counts after the run has ended",
        (SQL, "AND run.state = 'running' FOR NO KEY UPDATE OF run", "FOR NO KEY UPDATE OF run"),
    ),
    _of("The fence", "messages are sent for a result that was refused", ("engine/runner.py", "        if not outcome.recorded:\n", "        if not outcome.recorded and not outcome.hints:\n"), tests=_unit("runner"), defence="a refused result has no messages: `STALE` is empty, and nothing else is refused"),
    _of("The fence", "a refused result is reported as recorded", ("engine/runner.py", '                became = "stale"\n', "                pass\n"), tests=_unit("runner")),
)  # fmt: skip

_JOINS = (
    _sqlite("Joins", "arrivals are counted, and not a set", (WRITES, '"ok": ok}):\n            return None\n', '"ok": ok}):\n            pass\n'), tests=WRITTEN),
    _sqlite("Joins", "an arrival is not written down", (WRITES, "VALUES (:run, :node, :idx, :member, :ok) ON CONFLICT", "SELECT :run, :node, :idx, :member, :ok WHERE :member < 0 ON CONFLICT"), tests=WRITTEN),
    _sqlite("Joins", "every member arrives as the first", (WRITES, '{**key, "member": member, "ok": ok}', '{**key, "member": 0, "ok": ok}'), tests=WRITTEN),
    _postgres(
        "Joins", "every member arrives as the first",
        (SQL, " INSERT INTO arrival (run, node, idx, member, ok)\n SELECT id, :join_node, :join_idx, :member, true", " INSERT INTO arrival (run, node, idx, member, ok)\n SELECT id, :join_node, :join_idx, 0 * :member, true"),
    ),
    _of("Joins", "the body is ready while a member is missing", (LEDGER, "left[0] > 0", "left[0] > 1")),
    _postgres("Joins", "the body is ready while a member is missing", (SQL, "FROM joined WHERE pending = 0)", "FROM joined WHERE pending <= 1)")),
    _postgres("Joins", "the last member counts as any other", (SQL, "door.pending > 1", "door.pending > 0"), (FUSED, "if pending > 1:", "if pending > 0:")),
    _postgres("Joins", "the last member does not look at how many must succeed", (FUSED, "            self._check_successes(way, succeeded + 1)\n", ""), (FUSED, "        self._check_successes(way, succeeded)\n", "")),
    _postgres("Joins", "the last member misses its own arrival in what it reads ahead", (FUSED, "[way.member] = True", "[way.member] = False")),
    _of("Joins", "a member that was dropped counts as a success", (LEDGER, "note, last, ok=False)", "note, last, ok=True)")),
    _of("Joins", "it does not matter how many must succeed", (LEDGER, "if succeeded < least:", "if succeeded < least - 10_000:")),
    _of("Joins", "members of other joins of the node are counted", (WRITES, "WHERE run = :run AND node = :node AND idx = :idx\nRETURNING pending", "WHERE run = :run AND node = :node AND :idx = :idx\nRETURNING pending")),
    _of("Joins", "the last of a range of members is left out", (WRITES, "AND idx <= :high AND state", "AND idx < :high AND state")),
    _postgres("Joins", "the last of a range of members is left out", (SQL, "d.idx <= f.high AND d.state", "d.idx < f.high AND d.state")),
)  # fmt: skip

_ENDS = (
    _of("Failures and ends", "a step that waits for its next try stays ready", (LEDGER, "SET state = 'waiting', error", "SET state = 'ready', error")),
    _of("Failures and ends", "open steps of a run that failed are not put to rest", (LEDGER, 'if state != "succeeded":\n            session.rows(REST', 'if state == "none":\n            session.rows(REST')),
    _of("Failures and ends", "cancelling leaves steps under way as they are", (LIFECYCLE, "state IN ('ready', 'running', 'waiting', 'parked'){skip})", "state IN ('ready', 'waiting', 'parked'){skip})")),
    _of("Failures and ends", "a run that has ended can be cancelled", (LIFECYCLE, "WHERE id = :run AND state = 'running' RETURNING seq", "WHERE id = :run RETURNING seq")),
    _of("Failures and ends", "a resumed run keeps the deadline that passed", (LIFECYCLE, "error = NULL, deadline = {in:timeout}\n", "error = NULL, timeout = :timeout\n")),
    _of("Failures and ends", "resuming begins the fence anew", (LIFECYCLE, "failures = 0, lost = 0", "attempt = 0, failures = 0, lost = 0")),
    _of("Failures and ends", "a run that succeeded can be resumed", (LIFECYCLE, 'in ("running", "succeeded")', 'in ("running",)')),
    _of("Failures and ends", "a key begins a second run", (LIFECYCLE, '"key": new.idempotency_key,\n        "fingerprint"', '"key": new.id,\n        "fingerprint"')),
    _of("Failures and ends", "a permanent failure is tried again", ("engine/runner.py", "return error.retryable if isinstance(error, SynapseError) else True", "return True"), tests=_unit("runner")),
    _of("Failures and ends", "a step is tried once more than it may be", ("engine/runner.py", "if failures + 1 >= retry.attempts:", "if failures >= retry.attempts:"), tests=_unit("runner")),
    _of("Failures and ends", "an attempt outlasts its run's deadline", ("engine/runner.py", "max(0.001, min(seconds, (attempt.deadline - datetime.now(UTC)).total_seconds()))", "seconds"), tests=_unit("runner")),
    _of("Failures and ends", "a retry looks like another request to the outside", ("contracts/toolbox.py", 'return f"{self.run}:{self.step}"', 'return f"{self.run}:{self.step}:{self.attempt}"'), tests=("tests/unit/contracts", *_unit("runner"), "tests/unit/tools")),
)  # fmt: skip

_SWEEPS = (
    _of("The reconciler", "a run fails before its deadline", (SWEEP, "AND deadline < {now} LIMIT", "AND deadline > {now} LIMIT")),
    _of("The reconciler", "a worker counts as silent before its lease has run out", (SWEEP, "WHERE state = 'running' AND due < {now} ORDER", "WHERE state = 'running' ORDER"), (SWEEP, "state = 'running'\nAND due < {now}{lock}", "state = 'running'{lock}")),
    _of("The reconciler", "a silent worker is not looked at again under the lock", (SWEEP, "AND attempt = :attempt AND state = 'running'\nAND due < {now}{lock}", "AND attempt <= :attempt + 9{lock}"), tests=(*AT_ONCE, *MODEL)),
    _of("The reconciler", "a step that lost its worker is not counted as lost", (SWEEP, "lost = lost + 1, due", "due")),
    _of("The reconciler", "a step that kills its workers is never given up", (SWEEP, "if lost + 1 > self.ledger.max_lost:", "if lost < 0:")),
    _of("The reconciler", "timers are not looked at", (SWEEP, "WHERE state = 'waiting' AND due < {now}", "WHERE state = 'waiting' AND due < due AND due < {now}")),
    _of("The reconciler", "lost messages are not looked at", (SWEEP, "hints = [*expired, *self._hints([*untaken, *due]), *led_to]", "hints = [*expired, *self._hints(due), *led_to]")),
    _of("The reconciler", "patience with a message does not grow", (SWEEP, "SET due = {patience}, hints = hints + 1", "SET due = {patience}")),
    _of("The reconciler", "an outage of the broker counts as patience", (LEDGER, "SET due = {now}, hints = CASE WHEN hints > 0 THEN hints - 1 ELSE 0 END", "SET due = {now}, hints = hints"), tests=_unit("housekeeping")),
    _of("The reconciler", "a step that another version must do uses up its tries", (LEDGER, "SET due = {in:pause}, hints", "SET due = {in:pause}, lost = lost + 1, hints")),
    _of("The reconciler", "a step that no version can do waits for ever", (LEDGER, "gives_up = bool(old) and", "gives_up = False and")),
    _of("The reconciler", "a second process keeps house, too", ("engine/housekeeping.py", "        if not mine:\n", "        if mine is None:\n"), tests=_unit("housekeeping")),
    _of("The reconciler", "who keeps house does not renew the lease", ("engine/housekeeping.py", "asked + _LEASE_SECONDS / 2", "asked + _LEASE_SECONDS * 1000"), tests=_unit("housekeeping")),
    _of("The reconciler", "a fault ends the thread that keeps house", ("engine/housekeeping.py", '        except Exception:\n            _log.exception("housekeeping.error")', '        except ZeroDivisionError:\n            _log.exception("housekeeping.error")'), tests=_unit("housekeeping")),
    _of("The reconciler", "messages that the broker did not take are forgotten", ("engine/housekeeping.py", "            self.database.ledger.unsent(hints)\n", "            pass\n"), tests=_unit("housekeeping")),
)  # fmt: skip

_EVENTS = (
    _of("Events", "one number too few is reserved for a failure", (LEDGER, "self.writes.count(session, attempt.run, 2)", "self.writes.count(session, attempt.run, 1)")),
    _postgres("Events", "a step that is gone on with has no number of its own", (SQL, "more = ends or keeps is not None", "more = ends")),
    _of("Events", "two events are written under one number", (WRITES, "enumerate(notes, last - len(notes) + 1)", "enumerate(notes, last - len(notes) + 0)")),
    _postgres("Events", "a later event of a run has an earlier place", (DRIVER, 'f"greatest(run.position, {_POSTGRES_POSITION})"', "_POSTGRES_POSITION"), tests=(*AT_ONCE, *MODEL)),
    _postgres("Events", "a follower overtakes a transaction that is open", ("state/events.py", '"AND position < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"', '""'), tests=(*AT_ONCE, *MODEL[:1])),
    _of("Events", "the relay goes on though the broker took nothing", ("engine/housekeeping.py", "if not events or self.publisher.events(events) < len(events):", "if not events or self.publisher.events(events) < 0:"), tests=_unit("housekeeping")),
    _of("Events", "the relay's place is not left for the next", ("engine/housekeeping.py", "        self.database.leases.leave(LEASE, self.holder, json.dumps(cursor))\n", ""), tests=_unit("housekeeping")),
)  # fmt: skip

_WAITS = (
    _of("Signals and waits", "a signal that came before its wait is forgotten", (WAITS, 'else {*session.rows(PENDING, {"run": run})}', "else set()"), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "a step that has its signal in hand takes another", (SIGNALS, " and (each.node.key, each.attempt) not in served]", "]"), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "a repeated signal is another one", (SIGNALS, "if (known := self._known(session, run, sent)) is not None:", "if (known := None) is not None:"), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "a signal that nothing will wait for is kept", (SIGNALS, "if len(nodes) - len(candidates) - kept <= 0:", "if len(nodes) - len(candidates) - kept < -1_000:"), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "a signal is kept for a run that has ended", (SIGNALS, "        _check_running(about[0])\n", ""), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "who began to wait last gets the first signal", (SIGNALS, "return min(waiting, key", "return max(waiting, key"), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "a wait ends before its time", (WAITS, "AND state = 'parked' AND due < {{now}}{{lock}}", "AND state = 'parked'{{lock}}"), (WAITS, "step.state = 'parked' AND step.due < {now} AND", "step.state = 'parked' AND"), tests=WAITING, on="not postgresql"),
    _of("Signals and waits", "a wait of a run that has ended goes on", (WAITS, 'if about is None or about[0] != "running":', "if about is None:"), tests=WAITING, on="not postgresql"),
)  # fmt: skip

_MESSAGES = (
    _of("Messages", "acknowledged before the work", ("engine/app.py", "    acks_late = True\n", "    acks_late = False\n"), tests=_unit("app")),
    _of("Messages", "acknowledged when the worker dies", ("engine/app.py", "    reject_on_worker_lost = True\n", "    reject_on_worker_lost = False\n"), tests=_unit("app")),
    _of("Messages", "kept in the broker's memory only", ("engine/messages.py", '"delivery_mode": 2', '"delivery_mode": 1'), tests=_unit("messages", "publisher")),
    _of("Messages", "swallowed where there is no queue", ("engine/messages.py", "properties, mandatory=True)", "properties, mandatory=False)"), tests=_unit("messages", "publisher")),
    _of("Messages", "a nack passes for a confirm", ("engine/publisher.py", "        self.refused = True\n", "        self.confirmed = max(self.confirmed, tag)\n"), tests=_unit("publisher")),
    _of("Messages", "what a broken connection left unconfirmed is forgotten", ("engine/publisher.py", "deque([*held.unconfirmed(), *todo])", "deque(todo)"), tests=_unit("publisher")),
    _of("Messages", "what came back from the broker counts as sent", ("engine/publisher.py", "        self.returned += 1\n", "        self.returned += 0\n"), tests=_unit("publisher")),
    _of("Messages", "what is given up goes nowhere", ("engine/topology.py", '"x-dead-letter-exchange": DEAD.name, **more}', "**more}"), tests=_unit("topology")),
    _of("Messages", "one that kills its workers is delivered as often as the broker likes", ("engine/topology.py", '        arguments["x-delivery-limit"] = DELIVERY_LIMIT\n', ""), tests=_unit("topology")),
    _of("Messages", "one that is no hint reaches Celery", ("engine/strategy.py", "        if fault is not None:\n", "        if fault is not None and not fault:\n"), tests=_unit("strategy")),
    _of("Messages", "one of a newer version is taken for one of ours", ("engine/newer.py", "version > WIRE", "version > WIRE + 1_000_000"), tests=_unit("newer", "strategy")),
    _of("Messages", "one for an agent that only others have is given up", ("engine/bootsteps.py", '            if newer.pass_on(parent.app.runtime.database.ledger, message, reason):\n', "            if not reason:\n"), tests=_unit("bootsteps")),
    _of("Messages", "a dead letter is acknowledged though it could not be written down", ("engine/bootsteps.py", "                self._waiting = [*waiting, *self._waiting]\n            return\n", "                self._waiting = [*waiting, *self._waiting]\n"), tests=_unit("bootsteps")),
    _of("Messages", "one of a newer version is acknowledged though the ledger was not told", ("engine/strategy.py", "            if newer.pass_on(app.runtime.database.ledger, message, reason):\n", "            if newer.pass_on(app.runtime.database.ledger, message, reason) or reason:\n"), tests=_unit("newer", "strategy")),
    _of("Messages", "what a worker could not send is forgotten", ("engine/runner.py", "            self.ledger.unsent(hints)\n", "            pass\n"), tests=_unit("runner")),
    _of("Messages", "a refused task of the inbox is acknowledged though its copy was not kept", ("engine/inbox.py", "            return False\n        # A stranger", "            pass\n        # A stranger"), tests=_unit("inbox")),
    _of("Messages", "a task of the inbox is acknowledged though no run could be begun", ("engine/inbox.py", '                _log.warning("inbox.waits", error=str(error)[:300])\n                return False\n', '                message.ack()\n                return True\n'), tests=_unit("inbox")),
)  # fmt: skip

_CONSUMING = (
    _of("Consuming", "an acknowledgement is of another message", (CONSUMING, "_ACKNOWLEDGE, tag, multiple, _END", "_ACKNOWLEDGE, tag + 1, multiple, _END"), tests=_unit("consuming")),
    _of("Consuming", "an acknowledgement is of all messages before it, too", (CONSUMING, "_ACKNOWLEDGE, tag, multiple, _END", "_ACKNOWLEDGE, tag, True, _END"), tests=_unit("consuming")),
    _of("Consuming", "an acknowledgement on a connection that is gone says nothing", (CONSUMING, "            return theirs(delivery_tag, multiple, argsig)\n", "            return None\n"), tests=_unit("consuming")),
    _of("Consuming", "a connection that was closed is read on", (CONSUMING, "while self._connection.connected:", "while True:"), tests=_unit("consuming")),
    _of("Consuming", "nobody looks whether a pool's process has ended", ("engine/reaping.py", "        if maintain is not None:\n", "        if maintain is not None and not hub:\n"), tests=_unit("reaping")),
)  # fmt: skip

_STOPPING = (
    _of("Stopping", "leases are not renewed while a step lasts", ("engine/heartbeat.py", "self._renew_every = ledger.lease / 3", "self._renew_every = ledger.lease * 1000"), tests=_unit("heartbeat")),
    _of("Stopping", "an agent is not told that its step no longer counts", ("engine/heartbeat.py", "                held.stop()\n", ""), tests=_unit("heartbeat")),
    _of("Stopping", "a step that overruns is renewed", ("engine/heartbeat.py", "now - held.renewed >= self._renew_every and now < held.until]", "now - held.renewed >= self._renew_every]"), tests=_unit("heartbeat")),
    _of("Stopping", "a step that overruns is not noticed", ("engine/heartbeat.py", "[held for held in long if now >= held.until]", "[held for held in long if now < held.since]"), tests=_unit("heartbeat")),
    _of("Stopping", "a fault ends the thread that renews leases", ("engine/heartbeat.py", '        except Exception:\n            # The thread must', '        except ZeroDivisionError:\n            # The thread must'), tests=_unit("heartbeat")),
    _of("Stopping", "a process that hangs is left alone", ("engine/heartbeat.py", "            self.end_process()\n", "            pass\n"), tests=_unit("heartbeat")),
    _of("Stopping", "the kernel does not watch a process", ("engine/last_resort.py", "signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)", "signal.setitimer(signal.ITIMER_REAL, 0)"), tests=_unit("last_resort")),
    _of("Stopping", "an agent that awaits is not stopped at its time limit", ("engine/runner.py", "async with asyncio.timeout(seconds) as limit:", "async with asyncio.timeout(None) as limit:"), tests=_unit("runner")),
)  # fmt: skip

_CHANGING = (
    _of("Changing versions", "a migration waits for its lock as long as it takes", ("state/migrate.py", 'sa.text(f"SET lock_timeout = {int(LOCK_SECONDS * 1000)}")', 'sa.text("SET lock_timeout = 0")'), tests=MIGRATING),
    _of("Changing versions", "a migration that does not get its lock gives up at once", ("state/migrate.py", "if time.monotonic() > until:", "if until:"), tests=MIGRATING),
    _of("Changing versions", "all migrations are one transaction", ("state/migrations/env.py", 'transaction_per_migration=connection.dialect.name == "postgresql"', "transaction_per_migration=False"), tests=MIGRATING),
    _of("Changing versions", "programs refuse the tables of the version that is rolled out", ("state/database.py", "if current is None or current < VERSION:", "if current != VERSION:"), tests=("tests/unit/state/test_database.py",)),
    _of("Changing versions", "programs work with tables that they cannot use", ("state/database.py", "if oldest and oldest[0][0] > VERSION:", "if oldest and oldest[0][0] < VERSION[:0]:"), tests=("tests/unit/state/test_database.py",)),
    _of("Changing versions", "a deadlock's victim is not tried again", (DRIVER, "_VICTIM = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)", "_VICTIM = (ZeroDivisionError,)"), tests=("tests/unit/state/test_driver.py", *AT_ONCE)),
)  # fmt: skip

MUTATIONS = (*_CLAIMS, *_LEASES, *_FENCE, *_JOINS, *_ENDS, *_SWEEPS, *_EVENTS, *_WAITS, *_MESSAGES, *_CONSUMING, *_STOPPING, *_CHANGING)
