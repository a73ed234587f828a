"""A nursery whose readers do what a page tells them, as one would that a page has taken over: ``python -m tests.unit.extract.hostile``.

All else in it is real: how it is started, what limits it, and how it answers.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synapse.extract import nursery
from synapse.extract.blocks import Extracted
from synapse.extract.document import extract

_said: list[bytes] = []


def _spin() -> None:
    while True:
        pass


def _eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(1_000_000))


def _tried(*attempts: Callable[[], Any]) -> str:
    outcomes = []
    for attempt in attempts:
        try:
            outcomes.append(f"did: {attempt()!r}")
        except OSError as error:
            outcomes.append(error.strerror)
    return json.dumps(outcomes)


def _reach() -> str:
    return _tried(
        lambda: Path("/etc/hostname").read_bytes(),
        lambda: Path("/dev/null").write_bytes(b"x"),
        lambda: list(Path("/").iterdir()),
        socket.socket,
        os.pipe,
        lambda: os.open("/proc/self/environ", os.O_RDONLY),
    )


def _say(data: bytes) -> None:
    _said.append(data)


DEEDS: dict[bytes, Callable[[], Any]] = {
    b"spin": _spin,
    b"sleep": lambda: time.sleep(3600),
    b"eat": _eat,
    b"reach": _reach,
    b"environment": lambda: json.dumps(dict(os.environ)),
    b"crash": lambda: ctypes.string_at(8),
    b"abort": lambda: os.kill(os.getpid(), signal.SIGABRT),
    b"raise": lambda: {}["secret"],
    b"say nothing": lambda: os._exit(0),
    b"say no JSON": lambda: _say(nursery.framed(b"\xff{")),
    b"say another thing": lambda: _say(nursery.framed(b'{"document": {"title": 1, "text": 2}}')),
    b"say a list": lambda: _say(nursery.framed(b"[]")),
    b"say depth": lambda: _say(nursery.framed(b"[" * 100_000)),
    b"say too much": lambda: _say((1 << 40).to_bytes(8, "big")),
    b"say half": lambda: _say((1 << 20).to_bytes(8, "big") + b"half"),
}


def obey(data: bytes, media_type: str, **options: Any) -> Extracted:
    """Do what a page tells; read any other page."""
    if data not in DEEDS:
        return extract(data, media_type, **options)
    return Extracted(title="done", text=str(DEEDS[data]()))


if __name__ == "__main__":
    framed = nursery.framed
    nursery.extract = obey  # type: ignore[attr-defined]
    nursery.framed = lambda raw: _said.pop() if _said else framed(raw)
    nursery.main()
