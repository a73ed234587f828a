"""Files below a root, reports among them, as resources of MCP: ``files://``, the root's name, and the path in it."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import Resource

from synapse.egress.refused import Refused
from synapse.errors import Permanent, StepError
from synapse.mcp_servers.grants import Grant
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.refusals import BadPath, Missing
from synapse.mcp_servers.resources import PAGE, BadCursor, Page, ResourceList
from synapse.mcp_servers.roots import DEFAULT, Roots
from synapse.mcp_servers.walking import Found, walk

SCHEME: Final = "files://"
_LONGEST: Final = 1000
_KINDS: Final = {".md": "text/markdown", ".json": "application/json", ".csv": "text/csv"}
"""HTML is not among them: what a client renders may load what a page of the web planted in it."""


def add_files(server: MCPServer[Any], roots: Roots, metrics: ServerMetrics) -> ResourceList:
    """Offer every text file of every root by its path; gives what lists those of the default root."""

    @server.resource(f"{SCHEME}{{root}}/{{+path}}", name="file", title="A text file below a root")
    async def file(root: str, path: str) -> str:
        """A report or another text file, whole; larger ones are read in parts with read_file."""
        try:
            return (await asyncio.to_thread(roots.named(root).read, path)).content
        except StepError as error:
            if isinstance(error, Refused):
                metrics.refused(error.rule)
            if isinstance(error, (Missing, BadPath)):
                raise ResourceNotFoundError("there is no such file") from None
            raise ResourceError(str(error)) from None

    async def listing(_: Grant, cursor: str | None) -> Page:
        if cursor is not None and len(cursor) > _LONGEST:
            raise BadCursor
        # Of the other roots nobody is told who does not name them.
        found, following = await asyncio.to_thread(_listed, roots, cursor or "")
        return Page([_resource(each) for each in found], following)

    return ResourceList(listing, media_type, metrics)


def media_type(uri: str) -> str:
    """The type of a file, by its name."""
    return _KINDS.get(PurePosixPath(uri).suffix.lower(), "text/plain")


def uri_of(root: str, path: str) -> str:
    """The URI of a file."""
    return f"{SCHEME}{root}/{quote(path)}"


def _listed(roots: Roots, cursor: str) -> tuple[list[Found], str | None]:
    try:
        return walk(roots.named(DEFAULT), cursor, PAGE)
    except Permanent:
        return [], None


def _resource(found: Found) -> Resource:
    uri = uri_of(DEFAULT, found.path)
    return Resource(uri=uri, name=found.path, mime_type=media_type(uri), size=found.bytes)
