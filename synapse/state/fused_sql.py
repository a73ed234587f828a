"""The single statements of `synapse.state.fused`, as texts with the driver's parameters and macros."""

from __future__ import annotations

from functools import lru_cache

from synapse.state.lifecycle import ADD_RUN
from synapse.state.outbox import COMPLETED_PART

# Every row is looked up by what the statement was given, also where another part has just found the same: joined to that part, and
# with no statistics of the table yet, PostgreSQL reads the whole index for the rest of the key.
_KEY = "run = :run AND node = :node AND idx = :idx"
_STEP = "step.run = :run AND step.node = :node AND step.idx = :idx"
_JOIN = "fan_out.run = :run AND fan_out.node = :join_node AND fan_out.idx = :join_idx"

_CLAIM = f"""WITH mine AS (
 SELECT run, agent, state FROM step WHERE {_KEY}
  AND (state = 'ready' OR (state = 'running' AND due < now() AND lost < :max_lost)) FOR UPDATE),
counted AS (
 UPDATE run SET seq = seq + 1, position = {{later}} FROM mine
 WHERE run.id = :run AND run.state = 'running' AND (run.deadline IS NULL OR run.deadline > now())
 RETURNING run.id, run.seq, run.position, run.input, run.deadline, run.traceparent, run.priority,
  run.tenant),
taken AS (
 UPDATE step SET state = 'running', attempt = step.attempt + 1, lost = step.lost + CAST(step.state = 'running' AS int),
  due = {{in:lease}}, started_at = now(), worker = :worker
 FROM counted WHERE {_STEP}
 RETURNING step.attempt, step.failures, step.agent),
noted AS (
 INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data)
 SELECT counted.position, counted.id, counted.seq, now(), 'status_update', 'step.started', :place, taken.agent, taken.attempt,
  jsonb_build_object('worker', CAST(:worker AS text)) FROM counted, taken)
SELECT taken.attempt, taken.failures, counted.input, counted.deadline, counted.traceparent, counted.priority,
 counted.tenant{{fetched}}
FROM counted, taken"""

# ``gate`` has a row where the way is open.
_NEW_JOINS = """INSERT INTO fan_out (run, node, idx, width, pending, succeeded, items)
 SELECT gate.run, n.node, n.idx, n.width, n.pending, n.width - n.pending, CAST(n.items AS jsonb)
 FROM gate, unnest(CAST(:new_join_nodes AS text[]), CAST(:new_join_idxs AS text[]), CAST(:new_join_widths AS int[]),
  CAST(:new_join_pending AS int[]), CAST(:new_join_items AS text[])) n(node, idx, width, pending, items)"""
_NEW_STEPS = """INSERT INTO step (run, node, idx, agent, state, due, created_at)
 SELECT gate.run, n.node, n.idx, n.agent, 'ready', {in:grace}, now()
 FROM gate, unnest(CAST(:new_nodes AS text[]), CAST(:new_idxs AS text[]), CAST(:new_agents AS text[])) n(node, idx, agent)"""
_GATE = "WITH gate AS (SELECT CAST(:run AS text) AS run)"
OPEN_STEPS = f"{_GATE} {_NEW_STEPS}"
OPEN_BOTH = f"{_GATE}, new_joins AS ({_NEW_JOINS}) {_NEW_STEPS}"
OPEN_JOINS = f"{_GATE} {_NEW_JOINS}"
PARK_ALL = """INSERT INTO step (run, node, idx, agent, state, attempt, due, created_at, started_at, wait)
SELECT CAST(:run AS text), n.node, n.idx, '', 'parked', 1, coalesce(to_timestamp(n.until), now() + make_interval(secs => n.seconds)),
 now(), now(), CAST(n.wait AS jsonb)
FROM unnest(CAST(:all_node AS text[]), CAST(:all_idx AS text[]), CAST(:all_seconds AS float8[]), CAST(:all_until AS float8[]),
 CAST(:all_wait AS text[])) n(node, idx, seconds, until, wait)"""
NOTE_ALL = """INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data)
SELECT r.position, r.id, CAST(:before AS int) + n.number, now(), n.type, n.name, n.step, n.agent, n.attempt, CAST(n.data AS jsonb)
FROM run r, unnest(CAST(:all_type AS text[]), CAST(:all_name AS text[]), CAST(:all_step AS text[]), CAST(:all_agent AS text[]),
 CAST(:all_attempt AS int[]), CAST(:all_data AS text[])) WITH ORDINALITY n(type, name, step, agent, attempt, data, number)
WHERE r.id = :run"""
# A step that its maker goes on with is never seen ready.
_KEPT = """INSERT INTO step (run, node, idx, agent, state, attempt, due, created_at, started_at, worker)
 SELECT gate.run, :kept_node, :kept_idx, :kept_agent, 'running', 1, {in:lease}, now(), now(), :worker FROM gate"""

_RECORD = f"""mine AS (SELECT run, agent FROM step WHERE {_KEY} AND attempt = :attempt AND state = 'running' FOR UPDATE),
counted AS (UPDATE run SET seq = seq + {{numbers}}, position = {{later}}{{ending}} FROM mine
 WHERE run.id = :run AND run.state = 'running' RETURNING run.id, run.seq, run.position{{told}}),
done AS (UPDATE step SET state = 'succeeded', output = {{json:output}}, error = NULL, due = NULL, finished_at = now()
 FROM counted WHERE {_STEP})"""
_ARRIVE = f"""arrived AS (INSERT INTO arrival (run, node, idx, member, ok)
 SELECT id, :join_node, :join_idx, :member, true FROM counted ON CONFLICT DO NOTHING RETURNING run),
joined AS (UPDATE fan_out SET pending = fan_out.pending - 1, succeeded = fan_out.succeeded + 1 FROM arrived
 WHERE {_JOIN}
 RETURNING fan_out.run, fan_out.pending, fan_out.succeeded)"""

# A member that may be the last: everything but its event, which says what is next. The event's number is the last column.
COMPLETE_LAST = f"""WITH {_RECORD.replace("{numbers}", "1").replace("{ending}", "").replace("{told}", "")},
{_ARRIVE}
SELECT mine.agent, joined.pending, joined.succeeded, counted.seq FROM counted CROSS JOIN mine LEFT JOIN joined ON true"""

# A member that is not the last: `door` tells, under the join's lock, before anything is written. For the last it only says so.
COMPLETE_EARLY = f"""WITH mine AS (SELECT run, agent FROM step WHERE {_KEY} AND attempt = :attempt AND state = 'running' FOR UPDATE),
held AS (SELECT run.id FROM run, mine WHERE run.id = :run AND run.state = 'running' FOR NO KEY UPDATE OF run),
door AS (
 SELECT fan_out.run, fan_out.pending, fan_out.succeeded FROM fan_out, held WHERE {_JOIN} FOR NO KEY UPDATE OF fan_out),
counted AS (
 UPDATE run SET seq = seq + 1, position = {{later}} FROM door WHERE run.id = :run AND door.pending > 1
 RETURNING run.id, run.seq, run.position),
done AS (
 UPDATE step SET state = 'succeeded', output = {{json:output}}, error = NULL, due = NULL, finished_at = now()
 FROM counted WHERE {_STEP}),
arrived AS (
 INSERT INTO arrival (run, node, idx, member, ok)
 SELECT id, :join_node, :join_idx, :member, true FROM counted ON CONFLICT DO NOTHING RETURNING run),
joined AS (
 UPDATE fan_out SET pending = fan_out.pending - 1, succeeded = fan_out.succeeded + 1 FROM arrived
 WHERE {_JOIN}),
noted AS (
 INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data)
 SELECT counted.position, counted.id, counted.seq, now(), 'data_submit', 'step.succeeded', :place, mine.agent, CAST(:attempt AS int),
  jsonb_build_object('next', jsonb_build_array()) FROM counted, mine)
SELECT pending, succeeded FROM door"""

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
def claim_sql(kinds: tuple[str, ...]) -> str:
    """Claim a step and fetch rows of these kinds: (attempt, failures, input, deadline, traceparent, priority, tenant, one array a kind)."""
    return _CLAIM.replace("{fetched}", "".join(_FETCHED[kind] for kind in kinds))


@lru_cache(maxsize=8)
def fetch_sql(kinds: tuple[str, ...]) -> str:
    """Fetch rows of these kinds: one array a kind."""
    return "SELECT " + "".join(_FETCHED[kind] for kind in kinds).removeprefix(", ")


@lru_cache(maxsize=64)
def complete_sql(*, arrives: bool, joins: bool, steps: bool, ends: bool, keeps: tuple[str, ...] | None = None) -> str:
    """Complete a step and do what follows: one row with the members still to arrive, none when the attempt is stale.

    With ``keeps`` a new step is claimed too, and rows of these kinds are fetched for it: one more column each.
    """
    ending = ", state = 'succeeded', finished_at = now()" if ends else ""
    more = ends or keeps is not None
    parts = [_RECORD.replace("{numbers}", str(1 + more)).replace("{ending}", ending)]
    parts[0] = parts[0].replace("{told}", ", run.tenant, run.workflow" if ends else "")
    parts += [_ARRIVE, "gate AS (SELECT run FROM joined WHERE pending = 0)"] if arrives else ["gate AS (SELECT id AS run FROM counted)"]
    if joins:
        parts.append(f"new_joins AS ({_NEW_JOINS})")
    if steps:
        parts.append(f"new_steps AS ({_NEW_STEPS})")
    if ends:
        parts.append(COMPLETED_PART)
    if keeps is not None:
        parts.append(f"kept AS ({_KEPT})")
    notes = f"""SELECT counted.position, counted.id, counted.seq{" - 1" if more else ""}, now(), 'data_submit', 'step.succeeded', :place,
  mine.agent, CAST(:attempt AS int), CASE WHEN EXISTS (SELECT 1 FROM gate) THEN {{json:next}} ELSE CAST('{{"next":[]}}' AS jsonb) END
 FROM counted, mine"""
    if ends:
        notes += " UNION ALL SELECT position, id, seq, now(), 'status_update', 'run.succeeded', NULL, NULL, NULL, '{}' FROM counted"
    if keeps is not None:
        notes += """ UNION ALL SELECT position, id, seq, now(), 'status_update', 'step.started', :kept_place, :kept_agent, 1,
  jsonb_build_object('worker', CAST(:worker AS text)) FROM counted"""
    parts.append("noted AS (INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data) " + notes + ")")
    result = "(SELECT pending FROM joined)" if arrives else "0"
    fetched = "".join(_FETCHED[kind] for kind in keeps or ())
    return "WITH " + ",\n".join(parts) + f"\nSELECT {result}{fetched} FROM counted"


@lru_cache(maxsize=8)
def begin_sql(*, joins: bool, steps: bool, words: bool = False) -> str:
    """Write a new run, its first event and what it opens: one row with its id, none when its id or key is there already."""
    parts = [
        f"gate AS ({ADD_RUN.replace('RETURNING id', 'RETURNING id AS run, position')})",
        """noted AS (INSERT INTO event (position, run, seq, at, type, name, data)
 SELECT position, run, 1, now(), 'task_assign', 'run.created', {json:said} FROM gate)""",
    ]
    if words:
        parts.append("worded AS (INSERT INTO run_words (run, words) SELECT run, array_to_tsvector(CAST(:words AS text[])) FROM gate)")
    if joins:
        parts.append(f"new_joins AS ({_NEW_JOINS})")
    if steps:
        parts.append(f"new_steps AS ({_NEW_STEPS})")
    return "WITH " + ",\n".join(parts) + "\nSELECT run FROM gate"
