"""Schedules of a tenant, and what became of their due times."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, cast

from synapse.contracts.principal import Tenant
from synapse.contracts.schedule import Firing, FiringPage, Schedule, ScheduleRequest
from synapse.errors import Conflict, InvalidInput, NotFound
from synapse.state.driver import Driver, Session
from synapse.state.text import dumps
from synapse.workflows.timetable import jitter

COLUMNS: Final = "id, tenant, name, body, paused, created_at, created_by, updated_at, due, last_due, last_run"
NOW: Final = "SELECT {now}"
ADD = f"""INSERT INTO schedule (id, tenant, name, body, paused, created_at, created_by, updated_at, due, fire_at)
VALUES (:id, :tenant, :name, {{json:body}}, :paused, {{now}}, :by, {{now}}, :due, :fire_at) ON CONFLICT DO NOTHING RETURNING {COLUMNS}"""
COUNT = "SELECT count(*) FROM schedule WHERE tenant = :tenant"
ONE = f"SELECT {COLUMNS} FROM schedule WHERE id = :id AND tenant = :tenant"
LOCKED = f"{ONE}{{lock}}"
ALL = f"SELECT {COLUMNS} FROM schedule WHERE tenant = :tenant ORDER BY name LIMIT 1000"
NAMED = "SELECT 1 FROM schedule WHERE tenant = :tenant AND name = :name AND id <> :id"
REPLACE = f"""UPDATE schedule SET name = :name, body = {{json:body}}, paused = :paused, updated_at = {{now}}, due = :due, fire_at = :fire_at
WHERE id = :id RETURNING {COLUMNS}"""
DROP = "DELETE FROM schedule WHERE id = :id AND tenant = :tenant RETURNING id"
FORGET = "DELETE FROM firing WHERE schedule = :id"
FIRING_COLUMNS: Final = "due, until, outcome, manual, code, detail, at, run"
HISTORY = f"""SELECT {", ".join(f"f.{each}" for each in FIRING_COLUMNS.split(", "))}, run.state
FROM firing f LEFT JOIN run ON run.id = f.run WHERE f.schedule = :id{{before}} ORDER BY f.due DESC LIMIT :limit"""


class Schedules:
    """Keeps schedules. What is due is `synapse.state.firings`'."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._lock = " FOR UPDATE" if driver.name == "postgresql" else ""

    def now(self) -> datetime:
        """The database's clock, which every due time goes by."""
        return cast(datetime, self.driver.moment(self.driver.rows(NOW, {})[0][0]))

    def add(self, tenant: Tenant, identifier: str, request: ScheduleRequest, due: datetime | None, *, by: str) -> Schedule:
        """A new schedule that is due at ``due`` first. Raises Conflict for a name that there is."""
        values = {**self._values(identifier, request, due), "tenant": tenant, "by": by}
        # A commit in doubt is tried again, and may have been done.
        found = self.driver.rows(ADD, values) or self.driver.rows(ONE, {"id": identifier, "tenant": tenant})
        if not found:
            raise _taken(request.name)
        return self.read(found[0])

    def count(self, tenant: Tenant) -> int:
        """How many the tenant has."""
        return int(self.driver.rows(COUNT, {"tenant": tenant})[0][0])

    def get(self, tenant: Tenant, identifier: str) -> Schedule:
        """One of the tenant's. Raises NotFound."""
        return self._one(self.driver.rows(ONE, {"id": identifier, "tenant": tenant}), identifier)

    def list(self, tenant: Tenant) -> tuple[Schedule, ...]:
        """The tenant's, by name; the first thousand."""
        return tuple(self.read(row) for row in self.driver.rows(ALL, {"tenant": tenant}))

    def replace(self, tenant: Tenant, identifier: str, request: ScheduleRequest, due: datetime | None) -> Schedule:
        """Have it be another one from now on. Raises NotFound, and Conflict for a name that there is."""
        return self.driver.atomic(lambda session: self._replace(session, tenant, identifier, request, due))

    def _replace(self, session: Session, tenant: Tenant, identifier: str, request: ScheduleRequest, due: datetime | None) -> Schedule:
        key = {"id": identifier, "tenant": tenant}
        self._one(session.rows(LOCKED.replace("{lock}", self._lock), key), identifier)
        if session.rows(NAMED, {**key, "name": request.name}):
            raise _taken(request.name)
        return self.read(session.rows(REPLACE, self._values(identifier, request, due))[0])

    def drop(self, tenant: Tenant, identifier: str) -> None:
        """Forget it and its history; its runs stay. Raises NotFound."""

        def work(session: Session) -> None:
            if not session.rows(DROP, {"id": identifier, "tenant": tenant}):
                raise _missing(identifier)
            session.rows(FORGET, {"id": identifier})

        self.driver.atomic(work)

    def history(self, tenant: Tenant, identifier: str, *, limit: int = 50, cursor: str | None = None) -> FiringPage:
        """A page of what became of its due times, newest first. Raises NotFound, and InvalidInput for a cursor that no page gave."""
        self.get(tenant, identifier)
        before = {"before": self.driver.stored(_moment(cursor))} if cursor is not None else {}
        sql = HISTORY.replace("{before}", " AND f.due < :before" if before else "")
        rows = self.driver.rows(sql, {"id": identifier, "limit": limit + 1, **before})
        firings = tuple(self.firing(row) for row in rows[:limit])
        return FiringPage(firings=firings, next=firings[-1].due.isoformat() if len(rows) > limit else None)

    def read(self, row: tuple[Any, ...]) -> Schedule:
        """The schedule of a row of `COLUMNS`."""
        found = dict(zip(COLUMNS.split(", "), row, strict=True))
        times = {name: self.driver.moment(found[name]) for name in ("created_at", "updated_at", "last_due")}
        return Schedule(
            **self.driver.loads(found["body"]),
            **{name: found[name] for name in ("id", "name", "created_by", "last_run")},
            **times,
            paused=bool(found["paused"]),
            next_due=self.driver.moment(found["due"]),
        )

    def firing(self, row: tuple[Any, ...]) -> Firing:
        """The firing of a row of `FIRING_COLUMNS` and the run's state."""
        found = dict(zip((*FIRING_COLUMNS.split(", "), "state"), row, strict=True))
        times = {name: self.driver.moment(found[name]) for name in ("due", "until", "at")}
        return Firing(**{**found, **times, "manual": bool(found["manual"])})

    def _one(self, rows: Any, identifier: str) -> Schedule:
        if not rows:
            raise _missing(identifier)
        return self.read(rows[0])

    def _values(self, identifier: str, request: ScheduleRequest, due: datetime | None) -> dict[str, Any]:
        return {
            "id": identifier,
            "name": request.name,
            "body": dumps(request.model_dump(mode="json", include=ScheduleRequest.model_fields.keys() - {"name", "paused"})),
            "paused": request.paused,
            **due_values(self.driver, identifier, request, due),
        }


def due_values(driver: Driver, identifier: str, request: ScheduleRequest, due: datetime | None) -> dict[str, Any]:
    """A due time's columns as parameters."""
    fire_at = None if due is None else due + jitter(identifier, due, request.jitter_seconds)
    return {"due": driver.stored(due), "fire_at": driver.stored(fire_at)}


def _missing(identifier: str) -> NotFound:
    return NotFound(f"there is no schedule {identifier!r}")


def _taken(name: str) -> Conflict:
    return Conflict(f"there is a schedule {name!r}", field="name", remedy="change that one, or take another name")


def _moment(cursor: str) -> datetime:
    try:
        found = datetime.fromisoformat(cursor)
        if found.tzinfo is not None:
            return found
    except ValueError:
        pass
    raise InvalidInput("there is no such page", field="cursor", remedy="give the 'next' of the page before")
