"""A run's report, in the format the client likes best."""

from __future__ import annotations

import base64
import hashlib
import re
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.concurrency import run_in_threadpool

from synapse.api.accept import best
from synapse.api.dependencies import RunId, ServiceOf
from synapse.api.problems import Refusal, declared
from synapse.contracts.report import StoredPage
from synapse.contracts.verification import Verification

router = APIRouter(prefix="/v1/runs", tags=["runs"])


class Format(StrEnum):
    """What a report can be had as."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


_TYPES: Final = {Format.MARKDOWN: "text/markdown", Format.HTML: "text/html", Format.JSON: "application/json"}
_CONTENT: Final[dict[str, Any]] = {
    "text/markdown": {"schema": {"type": "string"}, "example": "# What does acks_late change?\n\n## Answer\n\n- …"},
    "text/html": {"schema": {"type": "string"}},
    "application/json": {"schema": {"$ref": "#/components/schemas/Report"}},
}
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@router.get(
    "/{run}/report",
    response_class=Response,
    responses={200: {"description": "The report", "content": _CONTENT}, **declared(400, 404, 406, 409)},
)
async def report(
    run: RunId,
    service: ServiceOf,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    format: Annotated[Format | None, Query(description="Wins over the Accept header.")] = None,
) -> Response:
    """The report of a run that has succeeded."""
    kind = _TYPES[format] if format is not None else best(accept, tuple(_TYPES.values()))
    if kind is None:
        raise Refusal("not-acceptable", 406, f"a report is {', '.join(_TYPES.values())}", remedy="or ask for ?format=md, html or json")
    found = await run_in_threadpool(service.runs.get, run)
    headers = {"Vary": "Accept", "X-Content-Type-Options": "nosniff"}
    if kind == "text/html":
        page = await service.reports.html(found)
        headers |= {"Content-Security-Policy": policy(page), "Referrer-Policy": "no-referrer"}
        return Response(page, media_type=kind, headers=headers)
    text = await service.reports.markdown(found) if kind == "text/markdown" else (await service.reports.json(found)).model_dump_json()
    return Response(text, media_type=kind, headers=headers)


@router.get("/{run}/sources/{snapshot}", responses=declared(404, 409))
async def source(
    run: RunId, snapshot: Annotated[str, Path(description="The page's sha256, as evidence names it.")], service: ServiceOf
) -> StoredPage:
    """A page that the report was written from, as it was read: what its quotes and their offsets are of."""
    return await service.reports.source(await run_in_threadpool(service.runs.get, run), snapshot)


@router.get("/{run}/verification", responses=declared(400, 404, 409))
async def verification(
    run: RunId,
    service: ServiceOf,
    refetch: Annotated[bool, Query(description="Fetch every cited source again and compare; takes up to a minute.")] = False,
) -> Verification:
    """The report of a run that has succeeded, checked again: every stored page, quote, sentence and reference."""
    return await service.verifications.verify(await run_in_threadpool(service.runs.get, run), refetch=refetch)


def policy(page: str) -> str:
    """Nothing may be loaded or run; of styles only those that the page was drawn with."""
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(page)]
    styles = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"
