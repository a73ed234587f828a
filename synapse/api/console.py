"""The web console: a page and its modules, which ask the same API as everybody. It holds no data, so it is open to everybody.

Served from memory, with the policy that nothing but these files is loaded or run: what a source, a model or a user wrote is never code.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from synapse.api.problems import Refusal

router = APIRouter(include_in_schema=False)
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for again each time, and answered in a few bytes while it is the same: a new version must not run with half of an old one.
    "Cache-Control": "no-cache",
}
_PAGE: Final = "index.html"


@dataclass(frozen=True)
class Asset:
    """A file of the console."""

    content: bytes
    media_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Every file, by name."""
    return {item.name: _asset(item.name, item.read_bytes()) for item in files("synapse.api").joinpath("static").iterdir() if item.is_file()}


def _asset(name: str, content: bytes) -> Asset:
    # Not what this machine happens to call it: a module of another type is not run.
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    return Asset(content, kind + charset, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@router.api_route("/", methods=["GET", "HEAD"])
def console(if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The page."""
    return _answer(assets()[_PAGE], if_none_match)


@router.api_route("/console/{name}", methods=["GET", "HEAD"])
def asset(name: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """One of its files."""
    found = assets().get(name)
    if found is None:
        raise Refusal("not-found", 404, "the console has no such file")
    return _answer(found, if_none_match)


def _answer(found: Asset, known: str | None) -> Response:
    headers = {**_HEADERS, "ETag": found.etag}
    if known is not None and found.etag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)
