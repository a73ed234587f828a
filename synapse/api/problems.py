"""Errors as RFC 9457 problems: one shape for all of them, each with a type that stays the same."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from synapse.api.problem_types import registered
from synapse.errors import SynapseError
from synapse.telemetry import tracing

MEDIA_TYPE: Final = "application/problem+json"
_log = structlog.get_logger(__name__)


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(examples=["input.max_sources"])
    detail: str


class Problem(BaseModel):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str = Field(description="The kind of problem: a path of this API that says what it means.", examples=["/problems/not-found"])
    title: str = Field(description="The kind of problem in words.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What was wrong this time.", examples=["there is no run '5f0c…'"])
    instance: str = Field(description="The request's path; for an internal error, the number to look for in the log.")
    code: str = Field(description="The last part of the type.", examples=["not-found"])
    field: str | None = Field(default=None, description="Which part of the request is at fault.")
    remedy: str | None = Field(default=None, description="What helps.")
    errors: list[Fault] | None = Field(default=None, description="Every fault, when there are several.")
    trace: str | None = Field(default=None, description="Id of the request's trace, where it is traced.")


class Refusal(SynapseError):
    """The request cannot be answered as it was made."""

    def __init__(self, code: str, status: int, detail: str, *, remedy: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, remedy=remedy)
        registered(code)
        self.code = code  # type: ignore[misc] # of the class elsewhere; here each refusal has its own
        self.status = status  # type: ignore[misc]
        self.headers = headers


# What Starlette and FastAPI raise by number, by our names.
_CODES: Final = {400: "malformed-request", 404: "no-such-route", 405: "method-not-allowed", 413: "body-too-large"}
_REMEDIES: Final = {
    "no-such-route": "GET /openapi.json lists every route",
    "body-too-large": "send less; SYNAPSE_API_MAX_BODY is the limit in bytes",
}


def problem(code: str, status: int, detail: str, instance: str, **more: Any) -> Problem:
    """The problem of a code, with its type and its title. Raises LookupError for a code that is not in the registry."""
    kind = registered(code)
    trace = tracing.trace_of(tracing.current())
    return Problem(type=kind.type, title=kind.title, status=status, detail=detail, instance=instance, code=code, trace=trace, **more)


def response(
    request: Request,
    code: str,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    instance: str | None = None,
    **more: Any,
) -> Response:
    """A problem as a response. Raises LookupError for a code that is not in the registry."""
    found = problem(code, status, detail, instance or request.url.path, **more)
    content = found.model_dump_json(exclude_none=True)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer with problems of these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Turn every error of the application into a problem."""
    app.add_exception_handler(SynapseError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, SynapseError)  # noqa: S101 - by its registration
    headers = dict(getattr(error, "headers", None) or {})
    if error.retryable:
        headers.setdefault("Retry-After", "5")
    if error.status >= 500:
        _log.warning("api.failed", path=request.url.path, code=error.code, error=str(error))
    return response(request, error.code, error.status, error.detail, headers=headers, field=error.field, remedy=error.remedy)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    code = _CODES.get(status) or ("internal" if status >= 500 else "malformed-request")
    detail = {
        404: f"there is nothing at {request.url.path[:200]}",
        405: f"{request.method} is not allowed here",
        413: "the request's body is too large",
        400: "the request's body cannot be read as JSON",
    }.get(status, str(error.detail))
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request)) or headers.get("Allow", headers.get("allow", ""))
        headers.pop("allow", None)
    return response(request, code, status, detail, headers=headers, remedy=_REMEDIES.get(code))


def _allowed(request: Request) -> list[str]:
    """The methods of the path, of all its routes: the exception knows those of the first one only."""
    paths = request.app.openapi()["paths"]
    if request.url.path in paths:
        return sorted(method.upper() for method in paths[request.url.path])
    found: set[str] = set()
    for template, operations in paths.items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), request.url.path):
            found |= {method.upper() for method in operations}
    return sorted(found)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = error.errors()
    first = faults[0]
    if first["type"] == "json_invalid":
        detail = f"not JSON: {first['ctx']['error']} at character {first['loc'][-1]}"
        return response(request, "malformed-json", 400, detail, field="body")
    kind = request.headers.get("content-type", "")
    if first["loc"] == ("body",) and first["type"].startswith("model_") and not _is_json(kind):
        detail = f"the body is {kind.partition(';')[0][:80] or 'of no stated type'}, not JSON"
        return response(request, "unsupported-media-type", 415, detail, remedy="send Content-Type: application/json")
    named = [Fault(field=_field(fault["loc"]), detail=fault["msg"]) for fault in faults[:50]]
    several = named if len(named) > 1 else None
    return response(request, "invalid-input", 400, named[0].detail, field=named[0].field, errors=several)


async def _unexpected(request: Request, error: Exception) -> Response:
    # The log has the traceback under this number; the answer has the number only.
    instance = f"urn:uuid:{uuid.uuid4()}"
    _log.error("api.unexpected", path=request.url.path, instance=instance, error=repr(error)[:500])
    remedy = "look for the instance in the server's log"
    return response(request, "internal", 500, "something went wrong on the server", instance=instance, remedy=remedy)


def _is_json(kind: str) -> bool:
    kind = kind.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _field(loc: tuple[int | str, ...]) -> str:
    """``('body', 'input', 'a', 0)`` as ``input.a[0]``; the body as a whole is ``body``."""
    parts = loc[1:] if len(loc) > 1 else loc
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
