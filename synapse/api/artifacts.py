"""Files of a run: listed, and given whole or in part."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Response
from fastapi.concurrency import run_in_threadpool

from synapse.api.dependencies import RunId, ServiceOf
from synapse.api.problems import Refusal, declared
from synapse.api.ranges import Unsatisfiable, known, part
from synapse.api.reports import policy
from synapse.contracts.artifact import ArtifactList

router = APIRouter(prefix="/v1/runs", tags=["runs"])
_BYTES: Final[dict[str, Any]] = {
    kind: {"schema": {"type": "string"}} for kind in ("text/markdown", "text/html", "application/json", "application/jsonl")
}
_BYTES["application/json"] = {"schema": {}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The whole file", "content": _BYTES},
    206: {"description": "The part that was asked for", "content": {kind: {"schema": {"type": "string"}} for kind in _BYTES}},
    304: {"description": "The client has it already"},
    **declared(400, 404, 409, 416),
}


@router.get("/{run}/artifacts", name="artifacts", responses=declared(404))
async def listed(run: RunId, service: ServiceOf) -> ArtifactList:
    """The files that a run has now: its log always, its report and the manifest once it has succeeded."""
    return await service.artifacts.list(await run_in_threadpool(service.runs.get, run))


@router.get("/{run}/artifacts/{artifact}", response_class=Response, responses=_ANSWERS)
async def content(
    run: RunId,
    artifact: Annotated[str, Path(description="The file's name.", examples=["report.md"])],
    service: ServiceOf,
    if_none_match: Annotated[str | None, Header(description="ETags that the client has.")] = None,
    range: Annotated[str | None, Header(description="One range of bytes, e.g. ``bytes=0-1023``.")] = None,
    if_range: Annotated[str | None, Header(description="The range is meant for the file of this ETag only.")] = None,
) -> Response:
    """A file of a run, to be kept: ``report.md``, ``report.html``, ``report.json``, ``manifest.json`` or ``events.jsonl``."""
    found = await service.artifacts.get(await run_in_threadpool(service.runs.get, run), artifact)
    etag = f'"{found.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{found.name}"',
        "X-Content-Type-Options": "nosniff",
    }
    if found.name.endswith(".html"):
        headers["Content-Security-Policy"] = policy(found.content.decode())
    if known(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    size = len(found.content)
    try:
        asked = part(range, if_range, etag, size)
    except Unsatisfiable:
        extent = {"Content-Range": f"bytes */{size}"}
        raise Refusal("range-not-satisfiable", 416, f"the file has {size} bytes", headers=extent) from None
    if asked is None:
        return Response(found.content, headers=headers, media_type=found.media_type)
    begin, end = asked
    headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    return Response(found.content[begin:end], status_code=206, headers=headers, media_type=found.media_type)
