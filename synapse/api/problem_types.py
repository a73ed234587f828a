"""Every kind of problem that the API answers with: the one registry of their types.

A type is the path ``/problems/<code>``, which the API itself answers with what is said here; docs/reference/errors.md is written from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from synapse import errors
from synapse.contracts.evidence import Frozen

PREFIX: Final = "/problems/"


class ProblemType(Frozen):
    """One kind of problem."""

    type: str = Field(description="What a problem's `type` is; a path of this API.", examples=["/problems/not-found"])
    code: str = Field(examples=["not-found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    title: str = Field(examples=["Not found"])
    meaning: str = Field(description="What it means that such a problem is answered.")
    retryable: bool = Field(default=False, description="Whether the same request may succeed later.")


_TITLES: Final = {"internal": "Internal error", "malformed-json": "Malformed JSON"}
_OF_HTTP: Final = (
    ("malformed-request", 400, "The request's body cannot be read."),
    ("malformed-json", 400, "The request's body is not JSON."),
    ("insufficient-scope", 403, "The credentials are good, but lack the scope that the route needs; told by the route alone."),
    ("forbidden-origin", 403, "A page of another site sent the request; only the API's own pages and those of this machine may call /mcp."),
    ("no-such-route", 404, "There is no route of that path. GET /openapi.json lists every route."),
    ("method-not-allowed", 405, "The path is there, but not with that method; the header Allow names those that are."),
    ("not-acceptable", 406, "What is asked for is not to be had in any of the media types that the header Accept takes."),
    ("body-too-large", 413, "The request's body is larger than SYNAPSE_API_MAX_BODY."),
    ("unsupported-media-type", 415, "The request's body is of a media type that the route does not read."),
    ("range-not-satisfiable", 416, "The header Range asks for bytes that are not there; Content-Range says how many there are."),
    ("misdirected-request", 421, "The API answers to other host names only; SYNAPSE_API_ALLOWED_HOSTS lists them."),
)


def _made() -> Iterator[ProblemType]:
    for kind in _tree(errors.SynapseError):
        said = (kind.__doc__ or "").strip().splitlines()[0]
        yield _type(kind.code, kind.status, said, retryable=kind.retryable or issubclass(kind, errors.LimitReached))
    for code, status, meaning in _OF_HTTP:
        yield _type(code, status, meaning)


def _tree(kind: type[errors.SynapseError]) -> Iterator[type[errors.SynapseError]]:
    """The classes of `synapse.errors`; those of other programs (the client, the command, MCP servers) are answered by none of these."""
    if kind.__module__ == errors.__name__:
        yield kind
        for under in kind.__subclasses__():
            yield from _tree(under)


def _type(code: str, status: int, meaning: str, *, retryable: bool = False) -> ProblemType:
    title = _TITLES.get(code) or code.replace("-", " ").capitalize()
    return ProblemType(type=PREFIX + code, code=code, status=status, title=title, meaning=meaning, retryable=retryable)


PROBLEMS: Final[dict[str, ProblemType]] = {each.code: each for each in _made()}


def registered(code: str) -> ProblemType:
    """The type of that code. Raises LookupError: a problem that nobody can look up must not be answered."""
    try:
        return PROBLEMS[code]
    except KeyError:
        raise LookupError(f"{code!r} is not in synapse.api.problem_types") from None
