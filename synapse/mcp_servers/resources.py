"""What a server offers to be read, in pages: the SDK lists what was there at its start, and here that changes all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, Resource

from synapse.mcp_servers.grants import Grant
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.scoped import grant_in

PAGE: Final = 100
"""Resources of one page, at most."""


@dataclass(frozen=True)
class Page:
    """Some resources, and where to go on; None at the end."""

    resources: Sequence[Resource]
    next_cursor: str | None = None


class BadCursor(ValueError):
    """A cursor that was never given out."""


Listing = Callable[[Grant, str | None], Awaitable[Page]]
"""(what the caller may do, cursor or None for the beginning) → resources. Raises BadCursor."""


@dataclass(frozen=True)
class ResourceList:
    """Middleware of the MCP server: answers ``resources/list``, and says of what is read which type it has."""

    listing: Listing
    media_type: Callable[[str], str]
    """Of the resource at a URI."""
    metrics: ServerMetrics

    async def __call__(self, ctx: ServerRequestContext[object, object], call_next: CallNext) -> HandlerResult:
        """Pass everything on, and amend and count two of the answers."""
        if ctx.method not in ("resources/list", "resources/read"):
            return await call_next(ctx)
        outcome = "error"
        try:
            result = await self._answer(ctx, call_next)
            outcome = "ok"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self.metrics.resources.labels(ctx.method.rpartition("/")[2], outcome).inc()
        return result

    async def _answer(self, ctx: ServerRequestContext[object, object], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if not isinstance(result, dict):
            return result
        if ctx.method == "resources/list":
            page = await self._page(ctx)
            result["resources"] = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in page.resources]
            if page.next_cursor is not None:
                result["nextCursor"] = page.next_cursor
        else:
            for content in result.get("contents", []):
                content["mimeType"] = self.media_type(content["uri"])
        return result

    async def _page(self, ctx: ServerRequestContext[object, object]) -> Page:
        cursor = (ctx.params or {}).get("cursor")
        try:
            # What is no string was refused before it came here.
            return await self.listing(grant_in(ctx), cursor)
        except BadCursor as error:
            raise MCPError(code=INVALID_PARAMS, message=str(error) or "the cursor is not one that was given out") from None
