"""The MCP server while it runs. It is made when it is first asked: until then the SDK costs neither memory nor start-up time."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send


class RunningServer:
    """One MCP server on the event loop of who first asks it; `close` it there."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._task: asyncio.Task[None] | None = None
        self._made: asyncio.Future[Any] | None = None
        self._stop = asyncio.Event()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whose scope has a call."""
        if self._made is None:
            self._made = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._made))
        server = await asyncio.shield(self._made)
        await server.session_manager.handle_request(scope, receive, send)

    async def close(self) -> None:
        """Stop it; what waits in it is broken off."""
        self._stop.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self, made: asyncio.Future[Any]) -> None:
        # A task of its own: the SDK's session manager has to be left by the task that entered it.
        try:
            server = await asyncio.to_thread(_build, self._max_body)
        except Exception as error:
            made.set_exception(error)
            return
        async with server.session_manager.run():
            made.set_result(server)
            await self._stop.wait()


def _build(max_body: int) -> Any:
    from synapse.api.mcp_face.server import build

    return build(max_body)
