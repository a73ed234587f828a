"""Reports and the stored pages they quote, as resources: ``report://RUN`` and ``snapshot://RUN/SHA256``."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import mcp_types as types
from mcp.shared.exceptions import MCPError

from synapse.api.mcp_face.call import Call
from synapse.api.mcp_face.faults import problem_of
from synapse.api.mcp_face.tool import PROBLEM
from synapse.api.mcp_face.views import has_report, report_uri
from synapse.contracts.report import Report
from synapse.contracts.run import RunDetail, RunQuery, RunState
from synapse.errors import InvalidInput, NotFound, Permanent, SynapseError

RUNS: Final = 10
"""Runs of one page of the list; each brings its report and the pages that it cites."""
_URI: Final = re.compile(r"(?P<kind>report|snapshot)://(?P<run>[A-Za-z0-9_-]{1,64})(?:/(?P<snapshot>[0-9a-f]{64}))?")

TEMPLATES: Final = (
    types.ResourceTemplate(
        name="report",
        title="Report",
        uri_template="report://{run}",
        description="The report of a run that has succeeded, as Markdown.",
        mime_type="text/markdown",
    ),
    types.ResourceTemplate(
        name="snapshot",
        title="Stored page",
        uri_template="snapshot://{run}/{snapshot}",
        description="A page that the run's report was written from, as it was read. Offsets of quotes count in it, by Unicode code points.",
        mime_type="text/plain",
    ),
)


async def listed(call: Call, cursor: str | None) -> types.ListResourcesResult:
    """Reports, the newest first, each with the pages that it cites. Raises MCPError for a cursor that no page gave."""
    try:
        query = RunQuery(state=(RunState.SUCCEEDED,), limit=RUNS, cursor=cursor)
        page = await asyncio.to_thread(call.service.runs.list, query)
    except (InvalidInput, ValueError) as error:
        raise MCPError(code=types.INVALID_PARAMS, message="the cursor is not one that was given out") from error
    found: list[types.Resource] = []
    for each in page.runs:
        run = await asyncio.to_thread(call.service.runs.get, each.id)
        if has_report(run):
            found += await _of(call, run)
    return types.ListResourcesResult(resources=found, next_cursor=page.next)


async def read(call: Call, uri: str) -> types.ReadResourceResult:
    """What is at a URI. Raises MCPError for what is not there, with the problem as the HTTP API has it."""
    match = _URI.fullmatch(uri)
    try:
        if match is None or (match["kind"] == "snapshot") != (match["snapshot"] is not None):
            raise NotFound(
                "there is no such resource", field="uri", remedy="report://RUN or snapshot://RUN/SHA256, as resources/list has them"
            )
        run = await asyncio.to_thread(call.service.runs.get, match["run"])
        if match["snapshot"] is None:
            text, kind = await call.service.reports.markdown(run), "text/markdown"
        else:
            text, kind = (await call.service.reports.source(run, match["snapshot"])).text, "text/plain"
    except SynapseError as error:
        problem = problem_of(error)
        data = {"uri": uri[:200], PROBLEM: problem.model_dump(mode="json", exclude_none=True)}
        raise MCPError(code=types.INVALID_PARAMS, message=str(error), data=data) from error
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=kind, text=text)])


async def _of(call: Call, run: RunDetail) -> list[types.Resource]:
    try:
        report = await call.service.reports.json(run)
    except Permanent:
        # What it stored is gone.
        return []
    return [_report(run, report), *_pages(run, report)]


def _report(run: RunDetail, report: Report) -> types.Resource:
    at = (run.finished_at or run.created_at).isoformat()
    return types.Resource(
        name=f"report-{run.id}",
        title=report.question[:200],
        uri=report_uri(run.id),
        mime_type="text/markdown",
        annotations=types.Annotations(last_modified=at),
    )


def _pages(run: RunDetail, report: Report) -> list[types.Resource]:
    cited = {reference.snapshot for reference in report.references}
    return [
        types.Resource(
            name=f"snapshot-{each.id[:12]}",
            title=each.title[:200] or None,
            uri=f"snapshot://{run.id}/{each.id}",
            description=each.url[:500],
            mime_type="text/plain",
            annotations=types.Annotations(last_modified=each.fetched_at.isoformat()),
        )
        for each in report.snapshots
        if each.id in cited
    ]
