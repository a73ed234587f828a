"""The ledger on PostgreSQL: a claim and a usual completion are one statement, one round trip and one commit each.

`Ledger` says what must happen; here the same writes are parts of one statement, in the same order of locks: ``mine`` locks
the step and checks the fence, ``counted`` locks the run and checks its state, and all else depends on ``counted``. Rows that
another transaction changed meanwhile are re-checked by PostgreSQL because every condition stands on the row that is updated,
never in a sub-select. Where what is next depends on values that are not at hand (a list made of a whole fan-out's outputs),
the inherited way serves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from synapse.errors import Permanent
from synapse.state.ledger import Ledger, hints_of
from synapse.state.records import STALE, Attempt, Outcome
from synapse.state.writes import dumps, join_parameters, put_items, step_parameters
from synapse.workflows.advance import Arrive, Finish, Opening, Start, after, decides, needs, opening
from synapse.workflows.program import Index, Program, decode_index, encode_index, place
from synapse.workflows.values import Fetch, Rows, fetches

_POSITION = "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"
_KEY = "run = :run AND node = :node AND idx = :idx"

_CLAIM = f"""WITH mine AS (
 SELECT run, agent, state FROM step WHERE {_KEY}
  AND (state = 'ready' OR (state = 'running' AND due < now() AND lost < :max_lost)) FOR UPDATE),
counted AS (
 UPDATE run SET seq = seq + 1 FROM mine
 WHERE run.id = mine.run AND run.state = 'running' AND (run.deadline IS NULL OR run.deadline > now())
 RETURNING run.id, run.seq, run.input, run.deadline, run.traceparent),
taken AS (
 UPDATE step SET state = 'running', attempt = step.attempt + 1, lost = step.lost + CAST(step.state = 'running' AS int),
  due = {{in:lease}}, started_at = now(), worker = :worker
 FROM counted WHERE step.run = counted.id AND step.node = :node AND step.idx = :idx
 RETURNING step.attempt, step.failures, step.agent),
noted AS (
 INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data)
 SELECT {_POSITION}, counted.id, counted.seq, now(), 'status_update', 'step.started', :place, taken.agent, taken.attempt,
  jsonb_build_object('worker', CAST(:worker AS text)) FROM counted, taken)
SELECT taken.attempt, taken.failures, counted.input, counted.deadline, counted.traceparent{{fetched}} FROM counted, taken"""

_FETCHED = {
    "steps": """, (SELECT jsonb_agg(jsonb_build_array(d.node, d.idx, d.state, d.output, d.error))
  FROM unnest(CAST(:steps_node AS text[]), CAST(:steps_low AS text[]), CAST(:steps_high AS text[])) f(node, low, high)
  JOIN step d ON d.run = :run AND d.node = f.node AND d.idx >= f.low AND d.idx <= f.high AND d.state IN ('succeeded', 'skipped'))""",
    "arrivals": """, (SELECT jsonb_agg(jsonb_build_array(d.node, d.idx, d.member, d.ok))
  FROM unnest(CAST(:arrivals_node AS text[]), CAST(:arrivals_low AS text[]), CAST(:arrivals_high AS text[])) f(node, low, high)
  JOIN arrival d ON d.run = :run AND d.node = f.node AND d.idx >= f.low AND d.idx <= f.high)""",
    "items": """, (SELECT jsonb_agg(jsonb_build_array(d.node, d.idx, f.member,
   CASE WHEN f.member IS NULL THEN d.items ELSE jsonb_build_array(d.items -> f.member) END))
  FROM unnest(CAST(:items_node AS text[]), CAST(:items_low AS text[]), CAST(:items_member AS int[])) f(node, low, member)
  JOIN fan_out d ON d.run = :run AND d.node = f.node AND d.idx = f.low)""",
}


@lru_cache(maxsize=8)
def _claim_sql(kinds: tuple[str, ...]) -> str:
    return _CLAIM.replace("{fetched}", "".join(_FETCHED[kind] for kind in kinds))


@lru_cache(maxsize=32)
def _complete_sql(*, arrives: bool, joins: bool, steps: bool, ends: bool) -> str:
    ending = ", state = 'succeeded', finished_at = now()" if ends else ""
    parts = [
        f"mine AS (SELECT run, agent FROM step WHERE {_KEY} AND attempt = :attempt AND state = 'running' FOR UPDATE)",
        f"""counted AS (UPDATE run SET seq = seq + {1 + ends}{ending} FROM mine
 WHERE run.id = mine.run AND run.state = 'running' RETURNING run.id, run.seq)""",
        """done AS (UPDATE step SET state = 'succeeded', output = {json:output}, error = NULL, due = NULL, finished_at = now()
 FROM counted WHERE step.run = counted.id AND step.node = :node AND step.idx = :idx)""",
    ]
    if arrives:
        parts += [
            """arrived AS (INSERT INTO arrival (run, node, idx, member, ok)
 SELECT id, :join_node, :join_idx, :member, true FROM counted ON CONFLICT DO NOTHING RETURNING run)""",
            """joined AS (UPDATE fan_out SET pending = fan_out.pending - 1, succeeded = fan_out.succeeded + 1 FROM arrived
 WHERE fan_out.run = arrived.run AND fan_out.node = :join_node AND fan_out.idx = :join_idx RETURNING fan_out.run, fan_out.pending)""",
            "gate AS (SELECT run FROM joined WHERE pending = 0)",
        ]
    else:
        parts.append("gate AS (SELECT id AS run FROM counted)")
    if joins:
        parts.append("""new_joins AS (INSERT INTO fan_out (run, node, idx, width, pending, succeeded, items)
 SELECT gate.run, n.node, n.idx, n.width, n.width, 0, CAST(n.items AS jsonb)
 FROM gate, unnest(CAST(:new_join_nodes AS text[]), CAST(:new_join_idxs AS text[]), CAST(:new_join_widths AS int[]),
  CAST(:new_join_items AS text[])) n(node, idx, width, items))""")
    if steps:
        parts.append("""new_steps AS (INSERT INTO step (run, node, idx, agent, state, due, created_at)
 SELECT gate.run, n.node, n.idx, n.agent, 'ready', {in:grace}, now()
 FROM gate, unnest(CAST(:new_nodes AS text[]), CAST(:new_idxs AS text[]), CAST(:new_agents AS text[])) n(node, idx, agent))""")
    notes = f"""SELECT {_POSITION}, counted.id, counted.seq{" - 1" if ends else ""}, now(), 'data_submit', 'step.succeeded', :place,
  mine.agent, CAST(:attempt AS int), CASE WHEN EXISTS (SELECT 1 FROM gate) THEN {{json:next}} ELSE CAST('{{{{"next":[]}}}}' AS jsonb) END
 FROM counted, mine"""
    if ends:
        notes += (
            f" UNION ALL SELECT {_POSITION}, id, seq, now(), 'status_update', 'run.succeeded', NULL, NULL, NULL, '{{{{}}}}' FROM counted"
        )
    parts.append("noted AS (INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data) " + notes + ")")
    result = "(SELECT pending FROM joined)" if arrives else "0"
    return "WITH " + ",\n".join(parts).replace("{{", "{").replace("}}", "}") + f"\nSELECT {result} FROM counted"


class FusedLedger(Ledger):
    """The ledger with PostgreSQL's single statements."""

    def claim(self, program: Program, run: str, key: str, index: Index, worker: str) -> Attempt | None:
        """As `Ledger.claim`, in one round trip with everything the inputs need."""
        node = program.nodes[key]
        wanted = fetches(program, node, index)
        kinds = tuple(sorted({fetch.what for fetch in wanted}))
        parameters: dict[str, Any] = {
            "run": run,
            "node": key,
            "idx": encode_index(index),
            "max_lost": self.max_lost,
            "lease": self.lease,
            "worker": worker,
            "place": place(key, index),
        }
        for kind in kinds:
            parameters |= _fetch_parameters(kind, [fetch for fetch in wanted if fetch.what == kind])
        found = self.driver.rows(_claim_sql(kinds), parameters)
        if not found:
            return None
        number, failures, run_input, deadline, traceparent, *fetched = found[0]
        rows = _rows(dict(zip(kinds, fetched, strict=True)))
        return Attempt(run, node, index, number, failures, run_input, self.driver.moment(deadline), rows, traceparent)

    def complete(self, program: Program, attempt: Attempt, output: dict[str, Any]) -> Outcome:
        """As `Ledger.complete`; in one round trip where what is next can be told beforehand."""
        attempt.rows.steps[attempt.node.key, attempt.index] = ("succeeded", output, None)
        try:
            foreseen = _foresee(program, attempt)
        except Permanent:
            return super().complete(program, attempt, output)  # which fails the step with the reason
        if foreseen is None:
            return super().complete(program, attempt, output)
        join, made, ends = foreseen
        sql = _complete_sql(arrives=join is not None, joins=bool(made.joins), steps=bool(made.steps), ends=ends)
        found = self.driver.rows(sql, self._parameters(attempt, output, join, made))
        if not found:
            return STALE
        opened = found[0][0] == 0
        return Outcome(True, hints_of(program, attempt.run, made.steps, attempt.traceparent) if opened else (), ends)

    def _parameters(self, attempt: Attempt, output: dict[str, Any], join: Arrive | None, made: Opening) -> dict[str, Any]:
        parameters = {**attempt.key, "place": attempt.place, "output": dumps(output), "grace": self.writes.grace}
        parameters["next"] = dumps({"next": [place(step.node.key, step.index) for step in made.steps]})
        if join is not None:
            parameters |= {"join_node": join.join.key, "join_idx": encode_index(join.index), "member": join.member}
        if made.joins:
            new = [join_parameters(each) for each in made.joins]
            parameters |= {f"new_join_{name}": [each[column] for each in new] for name, column in _JOIN_COLUMNS}
        if made.steps:
            steps = [step_parameters(each) for each in made.steps]
            parameters |= {f"new_{name}": [each[column] for each in steps] for name, column in _STEP_COLUMNS}
        return parameters


_JOIN_COLUMNS = (("nodes", "node"), ("idxs", "idx"), ("widths", "width"), ("items", "items"))
_STEP_COLUMNS = (("nodes", "node"), ("idxs", "idx"), ("agents", "agent"))


def _foresee(program: Program, attempt: Attempt) -> tuple[Arrive | None, Opening, bool] | None:
    """What the completion leads to, if that can be told from the attempt's own values; else None."""
    way = after(attempt.node, attempt.index)
    join: Arrive | None = None
    if isinstance(way, Arrive):
        if way.join.kind == "foreach" and way.join.source.min_success:
            return None
        join, way = way, after(way.join, way.index)
        if not isinstance(way, Start) or decides(way.node):
            return None
    if isinstance(way, Finish):
        return None, Opening(), True
    if isinstance(way, Arrive):
        return None
    own = attempt.node.key
    if any(fetch.node != own for fetch in needs(program, way.node, way.index)):
        return None
    made = opening(program, way.node, way.index, attempt.rows, attempt.run_input)
    return None if made.done or any(new.arrived for new in made.joins) else (join, made, False)


def _fetch_parameters(kind: str, wanted: list[Fetch]) -> dict[str, Any]:
    parameters: dict[str, Any] = {f"{kind}_node": [each.node for each in wanted], f"{kind}_low": [each.low for each in wanted]}
    if kind == "items":
        parameters["items_member"] = [each.member for each in wanted]
    else:
        parameters[f"{kind}_high"] = [each.high for each in wanted]
    return parameters


def _rows(fetched: dict[str, Any]) -> Rows:
    rows = Rows()
    for node, idx, state, output, error in fetched.get("steps") or ():
        rows.steps[node, decode_index(idx)] = (state, output, error)
    for node, idx, member, ok in fetched.get("arrivals") or ():
        rows.arrivals.setdefault((node, decode_index(idx)), {})[member] = ok
    for node, idx, member, items in fetched.get("items") or ():
        if member is None:
            put_items(rows, node, decode_index(idx), items, None)
        else:
            rows.members[node, (*decode_index(idx), member)] = items[0]
    return rows
