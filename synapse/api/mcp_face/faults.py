"""Errors as problems, in the same words as the HTTP API's."""

from __future__ import annotations

import uuid
from typing import Final

import structlog
from pydantic import ValidationError

from synapse.api.problems import Fault, Problem, problem
from synapse.errors import SynapseError

PATH: Final = "/mcp"
_MOST: Final = 50
_log = structlog.get_logger(__name__)


def problem_of(error: Exception) -> Problem:
    """What the caller is told of an error; one that is a fault of ours is logged, and only its number told."""
    if isinstance(error, ValidationError):
        return _invalid(error)
    if isinstance(error, SynapseError):
        if error.status >= 500:
            _log.warning("mcp.failed", code=error.code, error=str(error))
        return problem(error.code, error.status, error.detail, PATH, field=error.field, remedy=error.remedy)
    instance = f"urn:uuid:{uuid.uuid4()}"
    _log.error("mcp.unexpected", instance=instance, exc_info=error)
    return problem("internal", 500, "something went wrong on the server", instance, remedy="look for the instance in the server's log")


def _invalid(error: ValidationError) -> Problem:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = [Fault(field=_field(fault["loc"]), detail=fault["msg"]) for fault in faults[:_MOST]]
    first, several = named[0], named if len(named) > 1 else None
    return problem("invalid-input", 400, first.detail, PATH, field=first.field, errors=several)


def _field(loc: tuple[int | str, ...]) -> str:
    """``('labels', 'a', 0)`` as ``labels.a[0]``; the arguments as a whole are ``arguments``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".") or "arguments"
