"""HTTP servers on one event loop in a thread of this process, started together and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import math
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import uvicorn

from synapse.cli.draining import Draining
from synapse.errors import Unavailable

GRACE: Final = 2.0
"""Seconds that a request under way has when its server stops, unless told otherwise."""


def load(name: str) -> Callable[..., Any]:
    """What ``package.module:name`` names. The faces do not import each other: the command that serves them knows names only."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


class Servers:
    """Several ASGI applications, each on its own socket."""

    def __init__(self, on_death: Callable[[], None] = lambda: None, grace: float = GRACE) -> None:
        self._grace = grace
        self._draining: list[Draining] = []
        self._servers: dict[str, tuple[uvicorn.Server, socket.socket]] = {}
        self._on_death = on_death
        self._ended: dict[str, threading.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="synapse-http")

    def add(self, name: str, app: Any, listener: socket.socket) -> None:
        """One more, before they are started."""
        self._draining.append(Draining(app))
        config = uvicorn.Config(
            self._draining[-1],
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=math.ceil(self._grace),
            server_header=False,
        )
        self._servers[name] = (uvicorn.Server(config), listener)
        self._ended[name] = threading.Event()

    def start(self, timeout: float = 20.0) -> None:
        """Start them all and wait until they answer. Raises Unavailable."""
        self._thread.start()
        if not self._ready.wait(timeout) or not all(server.started for server, _ in self._servers.values()):
            self.stop()
            raise Unavailable(f"the servers did not start within {timeout:g} seconds", remedy="the log says why")

    def drain(self) -> None:
        """Answer as before, though no longer ready: whoever distributes requests is to send them elsewhere."""
        for each in self._draining:
            each.begin()

    def stop(self, *names: str, before: Callable[[], None] = lambda: None) -> None:
        """Stop those servers, by default all; ``before`` runs on their loop first. Returns when they have stopped. Raises Unavailable."""
        if self._loop is None:
            return
        chosen = names or tuple(self._servers)
        # A server that ended by itself may be the last, and the loop with it: then there is nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell, chosen, before)
        for name in chosen:
            if not self._ended[name].wait(self._grace + 8):
                raise Unavailable(f"the {name} server does not stop", remedy="end the process")
        if not names:
            self._thread.join(5)

    def _tell(self, names: tuple[str, ...], before: Callable[[], None]) -> None:
        before()
        for name in names:
            self._servers[name][0].should_exit = True

    def _run(self) -> None:
        factory = next(iter(self._servers.values()))[0].config.get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        running = [asyncio.create_task(self._keep(name)) for name in self._servers]
        starting = asyncio.create_task(self._started())
        try:
            await asyncio.wait(running)
        finally:
            starting.cancel()
            self._ready.set()

    async def _keep(self, name: str) -> None:
        server, listener = self._servers[name]
        try:
            with contextlib.suppress(SystemExit):
                # uvicorn leaves the whole process when it cannot start, and has logged why; here it is one server of several.
                await server.serve([listener])
            if not (server.started and server.should_exit):
                self._on_death()
        finally:
            self._ended[name].set()

    async def _started(self) -> None:
        # uvicorn tells of its start by an attribute only.
        while not all(server.started for server, _ in self._servers.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        self._ready.set()
