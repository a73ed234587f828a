"""The world that the servers under test see: names, a hostile site, and a site inside that nobody outside may read."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PUBLIC: Final = ("93.184.216.34", "93.184.216.35")
SECRET: Final = "synapse-benchmark-secret-7c1f"
_INSIDE: Final = f"<html><head><title>inside</title></head><body><article><p>{SECRET} {'is kept inside. ' * 30}</p></article></body></html>"


@dataclass(frozen=True)
class Request:
    """What a server under test asked of the hostile site."""

    host: str
    path: str
    headers: dict[str, str]


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class World:
    """Names and sites. ``sites`` says how each host name answers; others are not there (404)."""

    folder: Path
    sites: dict[str, Answer]
    hosts: dict[str, list[list[str]]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    _ports: dict[str, list[int]] = field(default_factory=dict)
    _servers: list[asyncio.Server] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Where `sitecustomize` reads the world from."""
        return self.folder / "world.json"

    @property
    def _log(self) -> Path:
        return self.folder / "dialled.txt"

    async def __aenter__(self) -> World:
        for name, answer in (("outside", self._outside), ("inside", self._inside)):
            four = await asyncio.start_server(self._serving(answer), "127.0.0.1", 0)
            six = await asyncio.start_server(self._serving(answer), "::1", 0)
            self._servers += [four, six]
            self._ports[name] = [each.sockets[0].getsockname()[1] for each in (four, six)]
        self.forget()
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()

    def forget(self) -> None:
        """Begin a case: nothing was dialled or asked yet, and no name has an address of its own."""
        self.hosts.clear()
        self.requests.clear()
        self._log.write_text("")
        self._write()

    def name(self, host: str, *answers: list[str]) -> None:
        """What a host resolves to, at the first look-up, the second and so on; an empty answer is a failure that may pass."""
        self.hosts[host] = list(answers)
        self._write()

    def dialled(self) -> list[tuple[str, int]]:
        """The addresses and ports that were dialled since `forget`."""
        lines = (line.rpartition(" ") for line in self._log.read_text().splitlines())
        return [(address, int(port)) for address, _, port in lines]

    def _write(self) -> None:
        world = {"hosts": self.hosts, "public": PUBLIC, "log": str(self._log), **self._ports}
        self.file.write_text(json.dumps(world))

    def _serving(self, answer: Answer) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
                host = headers.get("host", "").partition(":")[0].lower()
                await answer(Request(host, head[0].split(" ")[1], headers), writer)
                await writer.drain()
            writer.close()

        return serve

    async def _outside(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        await self.sites.get(request.host, missing)(request, writer)

    async def _inside(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/robots.txt":
            await missing(request, writer)
        else:
            send(writer, _INSIDE.encode())


def send(writer: asyncio.StreamWriter, body: bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str) -> None:
    """Write a response. ``content_length=""`` leaves that header out."""
    fields = {"content-type": kind, "content-length": str(len(body)), "connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items() if value)]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


async def missing(request: Request, writer: asyncio.StreamWriter) -> None:
    """There is no such page."""
    send(writer, b"not here", "text/plain", "404 Not Found")
