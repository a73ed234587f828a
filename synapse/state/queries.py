"""Questions about runs, for people: SQLAlchemy, for their shapes vary and none is on the hot path."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synapse.contracts.principal import Tenant
from synapse.contracts.run import RunDetail, RunFilter, RunPage, RunState, RunView, StepState, StepView
from synapse.contracts.waits import Waiting
from synapse.errors import NotFound, Unavailable
from synapse.state import schema
from synapse.state.driver import BUSY_SECONDS, enter_wal
from synapse.state.filters import after, matching, write_cursor
from synapse.state.packing import Packer
from synapse.workflows.definition import from_data
from synapse.workflows.program import Program, build, decode_index, place
from synapse.workflows.values import MISSING, Rows, value, value_fetches
from synapse.workflows.waits import PlannedWait, payload_schema

_OPEN = ("ready", "waiting", "parked", "running")


class Queries:
    """Reads runs, steps and definitions: those of one tenant, or with None those of the whole installation."""

    def __init__(self, engine: sa.Engine, packer: Packer, tenant: Tenant | None) -> None:
        self.engine = engine
        self.packer = packer
        self.tenant = tenant

    def _runs(self, *columns: Any) -> sa.Select[Any]:
        """Every question about runs starts here, so that none forgets whose they are."""
        query = sa.select(*(columns or (schema.run,)))
        return query if self.tenant is None else query.where(schema.run.c.tenant == self.tenant)

    def state(self, run: str) -> RunState:
        """Where the run stands. Raises NotFound."""
        with self.engine.connect() as connection:
            state = connection.scalar(self._runs(schema.run.c.state).where(schema.run.c.id == run))
        if state is None:
            raise NotFound(f"there is no run {run!r}")
        return RunState(state)

    def input(self, run: str) -> dict[str, Any]:
        """What the run was started with. Raises NotFound."""
        with self.engine.connect() as connection:
            found = connection.execute(self._runs(schema.run.c.input).where(schema.run.c.id == run)).first()
        if found is None:
            raise NotFound(f"there is no run {run!r}")
        return dict(found[0])

    def run(self, run: str) -> RunDetail:
        """The run with every step and, once it has succeeded, its output. Raises NotFound."""
        with self.engine.connect() as connection:
            row = connection.execute(self._runs().where(schema.run.c.id == run)).mappings().first()
            if row is None:
                raise NotFound(f"there is no run {run!r}")
            steps = connection.execute(sa.select(schema.step).where(schema.step.c.run == run)).mappings().all()
            arrivals = connection.execute(sa.select(schema.arrival).where(schema.arrival.c.run == run)).mappings().all()
            body = connection.scalar(sa.select(schema.workflow.c.body).where(schema.workflow.c.digest == row["digest"]))
        parked = [step for step in steps if step["state"] == "parked"] if row["state"] == "running" else []
        program = build(from_data(body)) if parked or row["state"] == "succeeded" else None
        output = self._output(program, steps, arrivals) if program is not None and row["state"] == "succeeded" else None
        waiting = sorted((_waiting(program, step) for step in parked if program is not None), key=lambda each: (each.since, each.step))
        views = sorted(
            (_step(step) for step in steps), key=lambda step: step.started_at or datetime.max.replace(tzinfo=step.created_at.tzinfo)
        )
        version = (body or {}).get("version", 1)
        return RunDetail(**_run(row), workflow_version=version, output=output, steps=tuple(views), waiting_for=tuple(waiting))

    def runs(self, wanted: RunFilter | None = None, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """A page of the runs that the filter matches, newest first. Raises InvalidInput for a cursor that is none of ours."""
        rows, more = self._page(self._runs(), wanted, limit, cursor)
        return RunPage(runs=tuple(RunView(**_run(row)) for row in rows), next=more)

    def ids(self, wanted: RunFilter, *, limit: int, cursor: str | None = None) -> tuple[list[str], str | None]:
        """The ids of such a page, and the cursor of the next one."""
        rows, more = self._page(self._runs(schema.run.c.id, schema.run.c.created_at), wanted, limit, cursor)
        return [row["id"] for row in rows], more

    def _page(self, query: sa.Select[Any], wanted: RunFilter | None, limit: int, cursor: str | None) -> tuple[list[Any], str | None]:
        query = matching(after(query, cursor), wanted or RunFilter(), self.engine.dialect.name).limit(limit + 1)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        page = list(rows[:limit])
        return page, write_cursor(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else None

    def counts(self) -> dict[str, int]:
        """How many steps of the whole installation are open, by state."""
        table = schema.step
        query = sa.select(table.c.state, sa.func.count()).where(table.c.state.in_(_OPEN), table.c.due.is_not(None)).group_by(table.c.state)
        with self.engine.connect() as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    def running(self) -> int:
        """How many runs are under way."""
        table = schema.run
        query = sa.select(sa.func.count()).where(table.c.finished_at.is_(None), table.c.state == "running")
        with self.engine.connect() as connection:
            return int(connection.scalar(query) or 0)

    def backlog(self) -> list[tuple[str, int, datetime | None, datetime | None]]:
        """Of each agent's ready steps: agent, how many, when the first of them counts as having lost its message, and since when the
        oldest of those is there that did count so.
        """
        table = schema.step
        fresh = sa.func.min(sa.case((table.c.hints == 0, table.c.due)), type_=schema.Timestamp)
        doubted = sa.func.min(sa.case((table.c.hints > 0, table.c.created_at)), type_=schema.Timestamp)
        query = (
            sa.select(table.c.agent, sa.func.count(), fresh, doubted)
            .where(table.c.state == "ready", table.c.due.is_not(None))
            .group_by(table.c.agent)
        )
        with self.engine.connect() as connection:
            return [(str(agent), int(count), due, since) for agent, count, due, since in connection.execute(query)]

    def dead_letters(self) -> list[tuple[str, int]]:
        """How many dead letters there are, by the queue that gave them up."""
        table = schema.dead_letter
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(table.c.queue, sa.func.count()).group_by(table.c.queue))
            return [(str(queue), int(count)) for queue, count in found]

    def _output(self, program: Program, steps: Any, arrivals: Any) -> Any:
        rows = Rows()
        ends = {fetch.node for fetch in value_fetches(program.root, ())}  # the others' blobs need not be read
        for step in steps:
            if step["state"] in ("succeeded", "skipped") and step["node"] in ends:
                output = self.packer.unpack(step["output"])
                rows.steps[step["node"], decode_index(step["idx"])] = (step["state"], output, step["error"])
        for arrival in arrivals:
            rows.arrivals.setdefault((arrival["node"], decode_index(arrival["idx"])), {})[arrival["member"]] = arrival["ok"]
        found = value(program.root, (), rows)
        return None if found is MISSING else found


def _run(row: Any) -> dict[str, Any]:
    names = ("id", "workflow", "state", "input", "labels", "created_at", "finished_at", "deadline", "error")
    trace = row["traceparent"].split("-")[1] if row["traceparent"] else None
    return {**{name: row[name] for name in names}, "trace": trace}


def shown_state(kept: str) -> StepState:
    """A step's state as it is shown: whether it waits for a retry or without a message is the ledger's own matter."""
    return StepState.WAITING if kept == "parked" else StepState(kept)


def _waiting(program: Program, row: Any) -> Waiting:
    index = decode_index(row["idx"])
    wait = PlannedWait(**row["wait"])
    limited = wait.seconds is not None or wait.until is not None
    return Waiting(
        step=place(row["node"], index),
        kind=wait.kind,
        signal=place(wait.signal, index) if wait.signal is not None else None,
        since=row["started_at"],
        until=row["due"] if limited else None,
        ask=wait.ask,
        payload=payload_schema(program.nodes[row["node"]]),
    )


def _step(row: Any) -> StepView:
    return StepView(
        path=place(row["node"], decode_index(row["idx"])),
        agent=row["agent"] or None,
        state=shown_state(row["state"]),
        attempt=row["attempt"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        output=row["output"],
        error=row["error"],
    )


def open_engine(url: str) -> sa.Engine:
    """SQLAlchemy's engine for the URL of a driver. Connects to nothing."""
    if not url.startswith("sqlite"):
        made = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True, pool_size=5)
        sa.event.listen(made, "handle_error", _unavailable)
        return made
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        enter_wal(connection)

    return engine


def _unavailable(context: sa.ExceptionContext) -> None:
    """A server that is away is one and the same error, whichever way it is asked."""
    if (context.is_disconnect or context.connection is None) and not context.is_pre_ping:
        raise Unavailable(f"PostgreSQL does not answer: {str(context.original_exception).splitlines()[0]}") from context.original_exception
