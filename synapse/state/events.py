"""Events read back: of one run by number, of all runs in the order they were committed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from synapse.contracts.messages import Event, MessageType
from synapse.state.driver import Driver

_COLUMNS = "position, run, seq, at, type, name, step, agent, attempt, data"
OF_RUN = f"SELECT {_COLUMNS} FROM event WHERE run = :run AND seq > :after ORDER BY seq LIMIT :limit"
OF_STEP = f"""SELECT {_COLUMNS} FROM event WHERE run = :run AND
 (step = :step OR name = 'run.succeeded' OR name = 'run.failed' OR name = 'run.cancelled') ORDER BY seq"""
# A transaction that is still open may yet commit events of a lower position than some that can be seen: those wait for it.
_SETTLED = {
    "sqlite": "",
    "postgresql": "AND position < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)",
}
ALL = f"""SELECT {_COLUMNS} FROM event WHERE (position, run, seq) > (:position, :run, :seq) {{settled}}
ORDER BY position, run, seq LIMIT :limit"""
NEWEST = "SELECT position, run, seq FROM event WHERE true {settled} ORDER BY position DESC, run DESC, seq DESC LIMIT 1"

Cursor = tuple[int, str, int]
START: Cursor = (0, "", 0)


class Events:
    """The event log. Reading never blocks writing."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def of_run(self, run: str, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events of a run with a number above ``after``, in order."""
        return [self._event(row) for row in self.driver.rows(OF_RUN, {"run": run, "after": after, "limit": limit})]

    def of_step(self, run: str, step: str) -> list[Event]:
        """Events of one step, and of the ends of its run, in order."""
        return [self._event(row) for row in self.driver.rows(OF_STEP, {"run": run, "step": step})]

    def follow(self, cursor: Cursor, limit: int = 500) -> tuple[list[Event], Cursor]:
        """Events of all runs after the cursor, none left out and none twice, and the cursor to go on from."""
        position, run, seq = cursor
        sql = ALL.replace("{settled}", _SETTLED[self.driver.name])
        rows = self.driver.rows(sql, {"position": position, "run": run, "seq": seq, "limit": limit})
        last: Cursor = (rows[-1][0], rows[-1][1], rows[-1][2]) if rows else cursor
        return [self._event(row) for row in rows], last

    def newest(self) -> Cursor:
        """The cursor after everything that is there now for sure: what is younger than an open transaction comes after it."""
        rows = self.driver.rows(NEWEST.replace("{settled}", _SETTLED[self.driver.name]), {})
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else START

    def _event(self, row: tuple[Any, ...]) -> Event:
        _, run, seq, at, kind, name, step, agent, attempt, data = row
        # Our own row: it was an event when it was written, and the relay reads each of them.
        return Event.model_construct(
            run=run,
            seq=seq,
            at=cast(datetime, self.driver.moment(at)),
            type=MessageType(kind),
            name=name,
            step=step,
            agent=agent,
            attempt=attempt,
            data=self.driver.loads(data),
        )
