"""The tasks extension (``io.modelcontextprotocol/tasks``, revision 2026-07-28) on top of runs: a task is a run.

The SDK knows the shape of results that an extension owns, but no tasks: their methods are added here. A run is in SQL before its task is
answered with, so a task outlives this process.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import Field

from synapse.api.dependencies import run_id
from synapse.api.mcp_face import views
from synapse.api.mcp_face.call import Call
from synapse.api.mcp_face.parts import piece
from synapse.contracts.principal import Scope
from synapse.contracts.run import RunDetail, RunState
from synapse.errors import NotFound

EXTENSION: Final = "io.modelcontextprotocol/tasks"
STARTS: Final = "start_research"
"""The tool that is answered with a task, when its caller knows tasks."""
POLL_MILLISECONDS: Final = 1000
_MOST: Final = 20_000
"""Characters of the report in a task's result; the whole is the resource."""
_STATUS: Final = {RunState.RUNNING: "working", RunState.CANCELLED: "cancelled"}
_HEADER: Final = "mcp-name"

Context = ServerRequestContext[Any, Any]


class TaskParams(types.RequestParams):
    """Which task."""

    task_id: str = Field(alias="taskId")


class UpdateParams(TaskParams):
    """Which task, and answers to what it asked."""

    input_responses: dict[str, Any] = Field(alias="inputResponses")


def declared(ctx: Context) -> bool:
    """Whether the request says that its caller knows tasks. Only the newer revision can."""
    able = ctx.session.client_capabilities
    return able is not None and EXTENSION in (able.extensions or {})


def install(server: Server[Any], call_in: Any) -> None:
    """Serve the extension's methods. ``call_in`` gives the call of a request."""

    async def get(ctx: Context, params: TaskParams) -> dict[str, Any]:
        call = _checked(ctx, params, call_in(ctx))
        run = await _run(call, params.task_id)
        return await detailed(call, run)

    async def update(ctx: Context, params: UpdateParams) -> dict[str, Any]:
        # Runs ask for nothing, so there is nothing outstanding that an answer could be to: all are ignored, as the extension has it.
        await _run(_checked(ctx, params, call_in(ctx)), params.task_id)
        return {"resultType": "complete"}

    async def cancel(ctx: Context, params: TaskParams) -> dict[str, Any]:
        call = _checked(ctx, params, call_in(ctx))
        if not call.principal.allows(Scope.RUNS_WRITE):
            raise MCPError(code=types.INVALID_REQUEST, message=f"the credentials lack the scope {Scope.RUNS_WRITE}")
        run = await _run(call, params.task_id)
        await asyncio.to_thread(call.service.runs.stop, run.id, "cancelled on request")
        return {"resultType": "complete"}

    server.extensions[EXTENSION] = {}
    server.add_request_handler("tasks/get", TaskParams, get)
    server.add_request_handler("tasks/update", UpdateParams, update)
    server.add_request_handler("tasks/cancel", TaskParams, cancel)


async def begun(call: Call, started: types.CallToolResult) -> dict[str, Any]:
    """The task that stands for a run that was started, in place of the tool's result."""
    run = await asyncio.to_thread(call.service.runs.get, started.structured_content["run"])
    return {"resultType": "task", **_task(run)}


async def detailed(call: Call, run: RunDetail) -> dict[str, Any]:
    """The task of a run, with its result when there is one.

    A run that failed is a task that completed, with a tool's error: the extension keeps ``failed`` for errors of the protocol.
    """
    task = {"resultType": "complete", **_task(run)}
    if task["status"] == "completed":
        result = await _result(call, run)
        task["result"] = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return task


def _task(run: RunDetail) -> dict[str, Any]:
    latest = max([run.created_at, *(at for step in run.steps for at in (step.started_at, step.finished_at) if at is not None)])
    return {
        "taskId": run.id,
        "status": _STATUS.get(run.state, "completed"),
        "statusMessage": views.show_status(views.status(run)),
        "createdAt": run.created_at.isoformat(),
        "lastUpdatedAt": (run.finished_at or latest).isoformat(),
        "ttlMs": None,
        "pollIntervalMs": POLL_MILLISECONDS,
    }


async def _result(call: Call, run: RunDetail) -> types.CallToolResult:
    status = views.started(run, created=True)
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=views.show_status(status))]
    if views.has_report(run):
        text = await call.service.reports.markdown(run)
        shown, stop = piece(text, 0, len(text), _MOST)
        more = f"\n\n[There is more: read_report with run={run.id} and cursor={stop}]" if stop < len(text) else ""
        content.append(types.TextContent(type="text", text=shown + more))
        uri = views.report_uri(run.id)
        content.append(types.ResourceLink(type="resource_link", name=f"report-{run.id}", uri=uri, mime_type="text/markdown"))
    failed = run.state is RunState.FAILED
    return types.CallToolResult(content=content, structured_content=status.model_dump(mode="json"), is_error=failed)


def _checked(ctx: Context, params: TaskParams, call: Call) -> Call:
    if not declared(ctx):
        needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        raise MCPError(
            code=types.MISSING_REQUIRED_CLIENT_CAPABILITY, message="the client does not declare the tasks extension", data=needed
        )
    named = ctx.request.headers.get(_HEADER) if ctx.request is not None else None
    if named is not None and named != params.task_id:
        raise MCPError(code=types.HEADER_MISMATCH, message="the header Mcp-Name names another task than the body")
    return call


async def _run(call: Call, task: str) -> RunDetail:
    try:
        return await asyncio.to_thread(call.service.runs.get, run_id(task))
    except NotFound:
        raise MCPError(code=types.INVALID_PARAMS, message=f"there is no task {task[:64]!r}") from None
