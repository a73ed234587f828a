"""A small TCP front before several instances of the API, as any load balancer: new connections go to who says that it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from urllib.parse import urlsplit

from tests.chaos.proxy import Proxy

_LOOK = 0.1


class Front(Proxy):
    """Asks every instance for ``/readyz``, and passes over those that say no or cannot be reached."""

    def __init__(self) -> None:
        super().__init__(0)
        self.urls: list[str] = []
        """The instances; may be changed at any time."""
        self._ready: set[str] = set()
        self._turn = itertools.count()

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def ready(self, url: str) -> bool:
        """Whether that instance said so when it was asked last."""
        return url in self._ready

    async def _start(self) -> int:
        self._looking = asyncio.create_task(self._look())
        return await super()._start()

    async def _stop(self) -> None:
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await super()._stop()

    async def _look(self) -> None:
        while True:
            for url in list(self.urls):
                (self._ready.add if await _says_ready(url) else self._ready.discard)(url)
            await asyncio.sleep(_LOOK)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        there = sorted(self._ready & set(self.urls))
        first = next(self._turn)
        for number in range(len(there)):
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection("127.0.0.1", urlsplit(there[(first + number) % len(there)]).port)
        raise ConnectionRefusedError("no instance takes connections")


async def _says_ready(url: str) -> bool:
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(5):
            writer.write(f"GET /readyz HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
            return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
