"""A TCP proxy between a worker and a server, for a network that fails: it can be frozen, slowed down and cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, cast
from urllib.parse import urlsplit, urlunsplit

from tests.waiting import PATIENCE


class Proxy:
    """Passes every connection on to a port of this machine, from a thread of its own."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="chaos-proxy")
        self._flowing = asyncio.Event()
        self._delay = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.passed = 0
        """Bytes so far, both ways."""

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def url(self, url: str) -> str:
        """The same URL, by way of this proxy."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0] + f":{self.port}"))

    def freeze(self) -> None:
        """Nothing passes in either direction, and nobody is told: connections stay open."""
        self._run(self._set(False))

    def thaw(self) -> None:
        """What was held back passes, and all that follows."""
        self._run(self._set(True))

    def slow(self, seconds: float) -> None:
        """Each piece of data is late by so many seconds."""
        self._delay = seconds

    def cut(self) -> None:
        """Every open connection ends."""
        self._run(self._cut())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _start(self) -> int:
        self._flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        self._server.close()
        await self._cut()

    async def _set(self, flows: bool) -> None:
        (self._flowing.set if flows else self._flowing.clear)()

    async def _cut(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())  # a server's callback is one
        self._tasks.add(task)
        both = [writer]
        try:
            there, back = await self._reach()
            both.append(back)
            ways = [asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass(there, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # as a network does: whoever is at the ends sees it closed
        finally:
            for each in both:
                each.close()
            await asyncio.gather(*(each.wait_closed() for each in both), return_exceptions=True)
            self._tasks.discard(task)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._target)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._flowing.wait()
            self.passed += len(data)
            writer.write(data)
            await writer.drain()
