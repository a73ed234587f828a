"""What a problem's type leads to: a page for people, or the same as data."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Response

from synapse.api.accept import best
from synapse.api.problem_types import PROBLEMS, ProblemType
from synapse.api.problems import Refusal, declared

router = APIRouter(tags=["operations"])
_KINDS: Final = ("application/json", "text/html")
_CONTENT: Final[dict[str, Any]] = {
    "application/json": {"schema": {"$ref": "#/components/schemas/ProblemType"}},
    "text/html": {"schema": {"type": "string"}},
}
_HEADERS: Final = {
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@router.get(
    "/problems/{code}",
    response_class=Response,
    responses={200: {"description": "The kind of problem", "content": _CONTENT}, **declared(404, 406)},
)
async def problem_type(
    code: Annotated[str, Path(description="The last part of a problem's type.", examples=["not-found"])],
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """What a kind of problem means. Open to everybody: it is what the ``type`` of every problem leads to."""
    found = PROBLEMS.get(code)
    if found is None:
        raise Refusal("not-found", 404, "there is no such kind of problem")
    kind = best(accept, _KINDS)
    if kind is None:
        raise Refusal("not-acceptable", 406, f"it is {' or '.join(_KINDS)}")
    return Response(_page(found) if kind == "text/html" else found.model_dump_json(), media_type=kind, headers=_HEADERS)


def _page(found: ProblemType) -> str:
    again = "The same request may succeed later." if found.retryable else "The same request will not succeed later by itself."
    parts = (f"<h1>{escape(found.title)}</h1>", f"<p>{escape(found.meaning)}</p>", f"<p>HTTP status {found.status}. {again}</p>")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(found.title)}</title>'
    return head + "".join(parts) + f"<p><code>{escape(found.code)}</code></p></html>\n"
