"""The web console: a page and its modules, which ask the same API as everybody. It holds no data, so it is open to everybody.

Served from memory, with the policy that nothing but these files is loaded or run: what a source, a model or a user wrote is never code.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from synapse.api.assets import Asset, answer, read
from synapse.api.problems import Refusal

router = APIRouter(include_in_schema=False)
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = "index.html"


@cache
def assets() -> dict[str, Asset]:
    """Every file, by name."""
    return {file.name: read(file) for file in files("synapse.api").joinpath("static").iterdir() if file.is_file()}


@router.api_route("/", methods=["GET", "HEAD"])
def console(if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The page."""
    return answer(assets()[_PAGE], POLICY, if_none_match)


@router.api_route("/console/{name}", methods=["GET", "HEAD"])
def asset(name: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """One of its files."""
    found = assets().get(name)
    if found is None:
        raise Refusal("not-found", 404, "the console has no such file")
    return answer(found, POLICY, if_none_match)
