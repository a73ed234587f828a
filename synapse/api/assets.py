"""Files that the API serves to browsers: held in memory, under a policy that says what a page may load."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import Response

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for again each time, and answered in a few bytes while it is the same: a new version must not run with half of an old one.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Asset:
    """A file."""

    content: bytes
    media_type: str
    etag: str


def read(file: Traversable) -> Asset:
    """A file as it is served."""
    # Not what this machine happens to call it: a module of another type is not run.
    kind = "text/javascript" if file.name.endswith(".js") else mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    content = file.read_bytes()
    return Asset(content, kind + charset, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def answer(found: Asset, policy: str, known: str | None) -> Response:
    """The file under a content security policy, or 304 where one of the entity tags of ``If-None-Match`` is its own."""
    headers: Mapping[str, str] = {**_HEADERS, "Content-Security-Policy": policy, "ETag": found.etag}
    if known is not None and found.etag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)
