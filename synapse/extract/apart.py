"""Reading strangers' pages in processes apart from this one: each is limited, knows no secret, opens nothing, and can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import TypeAdapter, ValidationError

import synapse
from synapse.errors import Permanent, Transient
from synapse.extract.blocks import Extracted
from synapse.extract.document import extract
from synapse.extract.nursery import LENGTH, MOST_ANSWERED, framed

_KEPT: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT", "LANG", "LC_ALL")
"""Variables that Python needs to start; no other, for reading needs no secret."""
_STARTS: Final = 60.0
"""Seconds for the readers to be loaded, once; it takes one or two where nothing else is going on."""
_SMALL: Final = 1_000_000
"""Bytes of an answer that are looked through without leaving the event loop."""
_DOCUMENT: Final = TypeAdapter(Extracted)

_log = logging.getLogger(__name__)


class Readers(Protocol):
    """Takes the text out of documents."""

    def warm(self) -> None:
        """Get ready, if that takes time; returns at once."""

    async def extract(self, data: bytes, media_type: str, *, charset: str | None = None, url: str | None = None) -> Extracted:
        """Like `synapse.extract.document.extract`. Raises Permanent for what cannot be read, Transient for what may be another time."""

    def close(self) -> None:
        """End what was started."""


class Here:
    """Reads in this process, where nothing is limited and nothing can be ended: for documents of one's own."""

    def warm(self) -> None:
        """Nothing to do."""

    async def extract(self, data: bytes, media_type: str, *, charset: str | None = None, url: str | None = None) -> Extracted:
        """The document, read in a thread that no cancelling ends."""
        return await asyncio.to_thread(extract, data, media_type, charset=charset, url=url)

    def close(self) -> None:
        """Nothing to do."""


@dataclass
class Apart:
    """Reads at most ``at_once`` pages at a time, each for at most ``seconds`` and with ``memory`` bytes of addresses.

    Nothing is started before the first page, or `warm`; `close` ends it. For one event loop.
    """

    at_once: int = 2
    seconds: float = 20.0
    memory: int = 800_000_000
    program: str = "synapse.extract.nursery"
    """The module that is run; it reads as that one does."""
    _free: asyncio.Semaphore = field(init=False)
    _nursery: _Nursery | None = field(default=None, init=False)
    _at_work: set[int] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.at_once)

    def warm(self) -> None:
        """Start loading the readers, if they are not loaded; returns at once."""
        with contextlib.suppress(OSError):
            self._started()

    async def extract(self, data: bytes, media_type: str, *, charset: str | None = None, url: str | None = None) -> Extracted:
        """Like `synapse.extract.document.extract`; what breaks a reader, or takes it too long, is Permanent too. Cancelling kills it.

        Raises Transient when there is no process to read in.
        """
        # By itself it ends a little later than by this process, which may be gone then.
        limits = {"seconds": self.seconds + 2, "memory": self.memory, "most": len(data)}
        asked = json.dumps({"media_type": media_type, "charset": charset, "url": url, **limits}).encode()
        async with self._free:
            with await self._connection() as connection, self._killable(await self._born(connection)):
                raw = await self._answered(connection, framed(asked), framed(data))
        return await asyncio.to_thread(_document, raw) if len(raw) > _SMALL else _document(raw)

    def close(self) -> None:
        """End all processes. A later page starts them again."""
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.end()
        for reader in self._at_work:
            _kill(reader)

    async def _connection(self) -> socket.socket:
        try:
            return self._started().connection()
        except OSError as error:
            raise Transient(f"no process could be started to read the page in: {error.strerror}") from error

    def _started(self) -> _Nursery:
        if self._nursery is None or not self._nursery.alive:
            if self._nursery is not None:
                self._nursery.end()
            self._nursery = _Nursery(self.program)
        return self._nursery

    async def _born(self, connection: socket.socket) -> int:
        """A descriptor of the process at the other end."""
        try:
            async with asyncio.timeout(_STARTS):
                pid = int.from_bytes(await _received(connection, LENGTH), "big")
            reader = os.pidfd_open(pid)
        except (OSError, EOFError) as error:
            if self._nursery is not None:
                self._nursery.tell()
            raise Transient("the process to read the page in does not start") from error
        # It holds the connection for as long as it lives: where that is open still, the number was its own when it was looked up.
        try:
            ended = not connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return reader
        except OSError:
            ended = True
        os.close(reader)
        raise Transient(f"the process to read the page in {'ended before it began' if ended else 'is none of ours'}")

    @contextlib.contextmanager
    def _killable(self, reader: int) -> Iterator[None]:
        self._at_work.add(reader)
        try:
            yield
        finally:
            self._at_work.discard(reader)
            _kill(reader)
            os.close(reader)

    async def _answered(self, connection: socket.socket, *frames: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.seconds):
                for frame in frames:
                    await loop.sock_sendall(connection, frame)
                length = int.from_bytes(await _received(connection, LENGTH), "big")
                if length > MOST_ANSWERED:
                    raise Permanent("the page has too much text")
                return await _received(connection, length)
        except TimeoutError:
            raise Permanent(f"the page could not be read within {self.seconds:g} seconds") from None
        except (EOFError, OSError):
            raise Permanent("the page is broken, or made to break its reader: it gave up on it") from None


def readers(at_once: int, seconds: float, memory: int) -> Readers:
    """Readers apart from this process, or in it where the system has no way to tell processes apart, which is logged."""
    missing = [name for name in ("fork", "pidfd_open") if not hasattr(os, name)]
    if not missing:
        try:
            os.close(os.pidfd_open(os.getpid()))
        except OSError as error:
            missing = [f"pidfd_open ({error.strerror})"]
    if missing:
        _log.warning("pages of the web are read in the server's own process, without limits: this system has no %s", ", ".join(missing))
        return Here()
    return Apart(at_once, seconds, memory)


class _Nursery:
    """The process that has the readers loaded and is copied for each page."""

    def __init__(self, program: str) -> None:
        ours, theirs = socket.socketpair()
        root = str(Path(synapse.__file__).parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ} | {"PYTHONPATH": path}
        with theirs:
            try:
                process = subprocess.Popen(  # noqa: S603 - this Python, with a module of ours
                    [sys.executable, "-P", "-m", program, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._control = ours
        self._process = process
        self.end = weakref.finalize(self, _end, process, ours)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def connection(self) -> socket.socket:
        """A connection to a copy of its own. Raises OSError when there is none."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                socket.send_fds(self._control, [b"x"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        return ours

    def tell(self) -> None:
        """Log why it ended, if it did and said so."""
        with contextlib.suppress(OSError):
            if said := self._control.recv(500):
                _log.error("the readers of pages do not start: %s", said.decode("ascii", "replace"))


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    process.kill()
    process.wait()


def _kill(reader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(reader, signal.SIGKILL)


async def _received(connection: socket.socket, length: int) -> bytes:
    loop, data = asyncio.get_running_loop(), bytearray()
    while len(data) < length:
        chunk = await loop.sock_recv(connection, min(1 << 20, length - len(data)))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def _document(raw: bytes) -> Extracted:
    """What a reader answered, which a page may have taken over. Raises Permanent."""
    answer: Any
    try:
        answer = json.loads(raw)
        if "document" in answer:
            return _DOCUMENT.validate_python(answer["document"])
        if "permanent" in answer:
            raise Permanent(str(answer["permanent"])[:300])
        failed = str(answer["failed"])
    except (ValueError, TypeError, KeyError, ValidationError, RecursionError):
        failed = "what it answered is no answer"
    _log.error("a page could not be read: %r", failed[:80])
    raise Permanent("the page could not be read")
