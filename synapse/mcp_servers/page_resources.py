"""Pages that were read, as resources of MCP: ``snapshot://`` and the id that browse_and_extract gave."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import Annotations, Resource

from synapse.contracts.browsed import BrowsedPage
from synapse.errors import NotFound
from synapse.mcp_servers.grants import Grant
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.resources import PAGE, BadCursor, Page, ResourceList
from synapse.mcp_servers.snapshots import Snapshots

SCHEME: Final = "snapshot://"
MEDIA_TYPE: Final = "text/plain"
_CURSOR: Final = re.compile(r"[0-9a-f]{64}")
_TITLE: Final = 200
_READ: Final = 20_000_000
"""Bytes of text after which a page of the list ends: each is read for its title."""


def add_pages(server: MCPServer[Any], snapshots: Snapshots, metrics: ServerMetrics) -> ResourceList:
    """Offer every page that is kept under its id; gives what lists them."""

    @server.resource(f"{SCHEME}{{snapshot_id}}", title="A page that was read", mime_type=MEDIA_TYPE)
    async def snapshot(snapshot_id: str) -> str:
        """The main text of a page, as it was when browse_and_extract or browse_many gave its snapshot_id."""
        try:
            return (await asyncio.to_thread(snapshots.get, snapshot_id)).text
        except NotFound as error:
            raise ResourceNotFoundError(str(error)) from None

    async def listing(grant: Grant, cursor: str | None) -> Page:
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise BadCursor
        # People with tokens of their own share the server: what one of them read is none of the others' business, who would have to
        # know its id. The shared token is one operator's.
        if not grant.is_shared:
            return Page(())
        return await asyncio.to_thread(_page, snapshots, cursor or "")

    return ResourceList(listing, lambda _: MEDIA_TYPE, metrics)


def _page(snapshots: Snapshots, after: str) -> Page:
    found: list[Resource] = []
    read = 0
    for page in snapshots.each(after):
        if len(found) == PAGE or read > _READ:
            return Page(found, found[-1].name)
        found.append(_resource(page))
        read += found[-1].size or 0
    return Page(found)


def _resource(page: BrowsedPage) -> Resource:
    name = page.snapshot_id or ""
    return Resource(
        uri=f"{SCHEME}{name}",
        name=name,
        title=page.title[:_TITLE],
        description=f"{page.final_url} [{page.trust}]",
        mime_type=MEDIA_TYPE,
        size=len(page.text.encode("utf-8", "replace")),
        annotations=Annotations(last_modified=page.fetched_at.isoformat()),
    )
