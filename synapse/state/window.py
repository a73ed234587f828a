"""How many steps of a tenant are on their way at once: the rest wait here, and none of them is in a queue before another tenant's.

Beside the ledger, never in it: where tenants have no limits nothing here is asked. A step that became ready gets a ticket; as many as
the tenant's window has room for are sent, the others wait without a due time, so that no sweep takes them for lost. Whoever ends a
step sends the next ones of that tenant, and the sweep those that a crash left. A ticket whose step was taken and ended, waits for a
timer or belongs to a run that has ended counts no more and is dropped when the tenant's window is looked at next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synapse.contracts.principal import Tenant
from synapse.state.driver import Driver, Session
from synapse.state.records import Hint
from synapse.workflows.program import decode_index, encode_index, parse_place, place

_KEY = "run = :run AND node = :node AND idx = :idx"
_SAME = "s.run = t.run AND s.node = t.node AND s.idx = t.idx"
WHOSE = "SELECT tenant FROM run WHERE id = :run"
WAITING = "SELECT 1 FROM ticket WHERE tenant = :tenant AND sent = :no LIMIT 1"
# Also the lock: what one tenant may send is decided by one at a time.
FLOW = """INSERT INTO flow (tenant, tokens, at) VALUES (:tenant, :burst, {now})
ON CONFLICT (tenant) DO UPDATE SET tokens = {filled}, at = {later_of} RETURNING tokens{lazily}"""
SPEND = "UPDATE flow SET tokens = tokens - :spent WHERE tenant = :tenant"
ADD = """INSERT INTO ticket (run, node, idx, tenant, sent, rank, at) VALUES (:run, :node, :idx, :tenant, :no, :rank, {now})
ON CONFLICT DO NOTHING RETURNING 1"""
SENT = f"SELECT 1 FROM ticket WHERE {_KEY} AND sent = :yes"
HOLD = f"UPDATE step SET due = NULL WHERE {_KEY} AND state = 'ready'"
GONE = """DELETE FROM ticket WHERE tenant = :tenant AND sent = :yes AND NOT EXISTS (
SELECT 1 FROM step s JOIN run r ON r.id = s.run WHERE s.run = ticket.run AND s.node = ticket.node AND s.idx = ticket.idx
AND s.state IN ('ready', 'running') AND r.state = 'running')"""
OUT = "SELECT count(*) FROM ticket WHERE tenant = :tenant AND sent = :yes"
NEXT = f"""SELECT t.run, t.node, t.idx, s.agent, r.digest, r.traceparent, r.priority
FROM ticket t JOIN step s ON {_SAME} JOIN run r ON r.id = t.run
WHERE t.tenant = :tenant AND t.sent = :no AND s.state = 'ready' AND r.state = 'running'
ORDER BY t.rank, t.at, t.run, t.node, t.idx LIMIT :room"""
SEND = f"UPDATE ticket SET sent = :yes WHERE {_KEY}"
DUE = f"UPDATE step SET due = {{in:grace}} WHERE {_KEY} AND state = 'ready'"
TENANTS = "SELECT DISTINCT tenant FROM ticket"
DEAD = """DELETE FROM ticket WHERE sent = :no AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = ticket.run AND r.state = 'running')"""
BACKLOG = "SELECT count(*) FROM ticket WHERE tenant = :tenant AND sent = :no"
RUNS = "SELECT count(*) FROM run WHERE tenant = :tenant AND finished_at IS NULL"
KNOWN = "SELECT 1 FROM run WHERE tenant = :tenant AND idempotency_key = :key"
FREE = """UPDATE step SET due = {now} WHERE state = 'ready' AND (run, node, idx) IN (SELECT run, node, idx FROM ticket WHERE sent = :no)"""
NONE = "DELETE FROM ticket"
_MOST = 1000
"""Steps sent by one look at a tenant without a window."""


@dataclass(frozen=True)
class Window:
    """The windows of every tenant. ``size`` steps at once, ``rate`` steps a second; None is no such limit."""

    driver: Driver
    grace: float
    size: int | None
    rate: float | None

    def admit(self, hints: Sequence[Hint], *, ended: str | None = None) -> tuple[Hint, ...]:
        """What may be sent now of these steps that became ready, and of those that waited before them.

        ``ended`` names a run of which a step has ended: that made room.
        """
        runs = dict.fromkeys(hint.run for hint in hints)
        if ended is not None:
            runs.setdefault(ended)
        by_tenant: dict[str, list[Hint]] = {}
        whose = {run: rows[0][0] for run in runs if (rows := self.driver.rows(WHOSE, {"run": run}))}
        for tenant in whose.values():
            by_tenant.setdefault(tenant, [])
        for hint in hints:
            by_tenant[whose[hint.run]].append(hint)
        return tuple(sent for tenant, new in by_tenant.items() for sent in self._look(Tenant(tenant), new))

    def sweep(self) -> tuple[Hint, ...]:
        """What may be sent now of all that waits."""
        self.driver.rows(DEAD, {"no": False})
        return tuple(sent for (tenant,) in self.driver.rows(TENANTS, {}) for sent in self._look(Tenant(tenant), ()))

    def _look(self, tenant: Tenant, new: Sequence[Hint]) -> tuple[Hint, ...]:
        if not new and not self.driver.rows(WAITING, {"tenant": tenant, "no": False}):
            return ()
        return self.driver.atomic(lambda session: self._send(session, tenant, new))

    def _send(self, session: Session, tenant: Tenant, new: Sequence[Hint]) -> tuple[Hint, ...]:
        tokens = self._tokens(session, tenant)
        again = [hint for hint in new if not self._add(session, tenant, hint)]
        session.rows(GONE, {"tenant": tenant, "yes": True})
        room = _MOST
        if self.size is not None:
            room = min(room, self.size - int(session.rows(OUT, {"tenant": tenant, "yes": True})[0][0]))
        if self.rate is not None:
            room = min(room, int(tokens))
        chosen = session.rows(NEXT, {"tenant": tenant, "no": False, "room": room}) if room > 0 else []
        for run, node, idx, *_ in chosen:
            key = {"run": run, "node": node, "idx": idx}
            session.rows(SEND, {**key, "yes": True})
            session.rows(DUE, {**key, "grace": self.grace})
        if self.rate is not None and chosen:
            session.rows(SPEND, {"tenant": tenant, "spent": float(len(chosen))})
        return (*again, *(Hint(run, place(node, decode_index(idx)), *about) for run, node, idx, *about in chosen))

    def _tokens(self, session: Session, tenant: Tenant) -> float:
        rate = self.rate or 0.0
        burst = max(1.0, rate)
        postgres = self.driver.name == "postgresql"
        since = "CAST(extract(epoch FROM clock_timestamp() - flow.at) AS float)" if postgres else "({now} - flow.at)"
        least, most = ("least", "greatest") if postgres else ("min", "max")
        filled = f"{least}(:burst, flow.tokens + {most}(0.0, {since}) * :rate)"
        later_of = f"{most}(flow.at, {'clock_timestamp()' if postgres else '{now}'})"
        # What is lost with a server is found again as a lost message is; the disk need not be waited for while others wait for the lock.
        lazily = ", set_config('synchronous_commit', 'off', true)" if postgres else ""
        sql = FLOW.replace("{filled}", filled).replace("{later_of}", later_of).replace("{lazily}", lazily)
        return float(session.rows(sql, {"tenant": tenant, "burst": burst, "rate": rate})[0][0])

    def _add(self, session: Session, tenant: Tenant, hint: Hint) -> bool:
        """Give the step a ticket, and have it wait. False when it was sent before: then this is another message for it."""
        node, index = parse_place(hint.place)
        key = {"run": hint.run, "node": node, "idx": encode_index(index)}
        added = session.rows(ADD, {**key, "tenant": tenant, "no": False, "rank": 9 - hint.priority})
        if not added and session.rows(SENT, {**key, "yes": True}):
            return False
        session.rows(HOLD, key)
        return True

    def backlog(self, tenant: Tenant) -> int:
        """How many steps of the tenant wait for their turn."""
        return int(self.driver.rows(BACKLOG, {"tenant": tenant, "no": False})[0][0])

    def runs(self, tenant: Tenant) -> int:
        """How many runs of the tenant are under way."""
        return int(self.driver.rows(RUNS, {"tenant": tenant})[0][0])

    def knows(self, tenant: Tenant, key: str) -> bool:
        """Whether the tenant has used an idempotency key."""
        return bool(self.driver.rows(KNOWN, {"tenant": tenant, "key": key}))

    def disband(self) -> None:
        """There are no windows any more: whatever waits is due, and the sweep sends it."""
        if self.driver.rows(TENANTS, {}):
            self.driver.rows(FREE, {"no": False})
            self.driver.rows(NONE, {})
