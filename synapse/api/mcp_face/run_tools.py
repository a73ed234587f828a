"""Tools about runs: start one, look at it, wait for it, cancel it, find it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import mcp_types as types
from pydantic import BaseModel, ConfigDict, Field

from synapse.api.dependencies import run_id
from synapse.api.mcp_face import views
from synapse.api.mcp_face.call import Call
from synapse.api.mcp_face.tool import READS, Tool
from synapse.api.mcp_face.waiting import wait
from synapse.contracts.labels import Labels
from synapse.contracts.principal import Scope
from synapse.contracts.run import RunQuery, RunRequest

LONGEST_WAIT: Final = 120.0
"""Seconds; most clients give a call a minute."""

RunId = Annotated[str, Field(min_length=1, max_length=64, description="The run's id.")]


class Arguments(BaseModel):
    """Arguments of a tool; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid")


class StartResearch(Arguments):
    """What to find out."""

    question: str = Field(description="What you want to know, as a full question.", examples=["How does asyncio cancel a task?"])
    corpus: str | None = Field(default=None, description="Search only this local corpus.")
    max_sources: int | None = Field(default=None, description="Pages to read at most in the first look, 1 to 50.")
    timeout_seconds: float | None = Field(default=None, gt=0, le=7 * 86400, description="The run's deadline, from now.")
    labels: Labels = Field(default_factory=dict, description="What to find it by later.")
    idempotency_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Calling again with the same key and question gives the same run, whatever happened to the first call.",
    )

    def request(self) -> RunRequest:
        """The same as a request of the HTTP API."""
        given: dict[str, Any] = {"corpus": self.corpus, "max_sources": self.max_sources}
        return RunRequest(
            question=self.question,
            input={name: value for name, value in given.items() if value is not None},
            timeout_seconds=self.timeout_seconds,
            labels=self.labels,
        )


class OneRun(Arguments):
    """Which run."""

    run: RunId


class WaitForRun(OneRun):
    """Which run, and how long."""

    timeout_seconds: float = Field(default=30.0, ge=0, le=LONGEST_WAIT, description="How long to wait at most.")


class CancelRun(OneRun):
    """Which run, and why."""

    reason: str = Field(default="cancelled on request", min_length=1, max_length=500)


class ListRuns(RunQuery):
    """Which runs."""

    limit: int = Field(default=20, ge=1, le=200, description="Runs at most.")


async def start_research(call: Call, given: StartResearch) -> views.Started:
    """Start research into a question. It answers at once with the id of a run that goes on by itself, also when this client is gone.

    Call wait_for_run until it has ended, then read_report. Every statement of the report is tied to a quote in a stored page.
    """
    submitted = await asyncio.to_thread(call.service.runs.submit, given.request(), idempotency_key=given.idempotency_key)
    return views.started(submitted.run, submitted.created)


async def get_run(call: Call, given: OneRun) -> views.RunStatus:
    """Where a run stands: its state, its steps, what it came to and what to call next."""
    return views.status(await asyncio.to_thread(call.service.runs.get, run_id(given.run)))


async def wait_for_run(call: Call, given: WaitForRun) -> views.RunStatus:
    """Wait until a run has ended or the time is over, whichever is first, and say where it stands; call it again until `ended`.

    Nothing is lost when the call is broken off: the run goes on, and the next call sees it as it is then.
    """
    run = run_id(given.run)
    # Whose run it is, before anything of it is followed.
    state = await asyncio.to_thread(call.service.runs.state, run)
    if not state.terminal:
        await wait(call.service.feed, run, given.timeout_seconds, call.progress)
    return views.status(await asyncio.to_thread(call.service.runs.get, run))


async def cancel_run(call: Call, given: CancelRun) -> views.RunStatus:
    """Stop a run: nothing of it starts any more. One that has ended stays as it is, so that repeating this does no harm."""
    return views.status(await asyncio.to_thread(call.service.runs.cancel, run_id(given.run), given.reason))


async def list_runs(call: Call, given: ListRuns) -> views.RunLines:
    """Runs, newest first, page by page; with filters those that all of them match."""
    return views.lines(await asyncio.to_thread(call.service.runs.list, given))


_STARTS = types.ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)
_STOPS = types.ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)

RUN_TOOLS: Final[tuple[Tool[Any, Any], ...]] = (
    Tool(start_research, StartResearch, views.Started, views.show_status, "Start research", Scope.RUNS_WRITE, _STARTS),
    Tool(get_run, OneRun, views.RunStatus, views.show_status, "Look at a run", Scope.RUNS_READ, READS),
    Tool(wait_for_run, WaitForRun, views.RunStatus, views.show_status, "Wait for a run", Scope.RUNS_READ, READS),
    Tool(cancel_run, CancelRun, views.RunStatus, views.show_status, "Cancel a run", Scope.RUNS_WRITE, _STOPS),
    Tool(list_runs, ListRuns, views.RunLines, views.show_lines, "List runs", Scope.RUNS_READ, READS),
)
