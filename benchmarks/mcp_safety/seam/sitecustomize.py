"""Imported by a server under test before anything else: names and connections go where the benchmark's world says.

Every connection ends at the benchmark's own servers on loopback, and is written down with the address that was dialled. What is
public ends at the hostile site; everything else at one that answers with a secret.
"""

import asyncio.selector_events
import json
import os
import socket
import sys
from pathlib import Path

_WORLD = os.environ.get("SYNAPSE_BENCH_WORLD")
_resolve = socket.getaddrinfo
_connect = asyncio.selector_events.BaseSelectorEventLoop.sock_connect
_asked: dict[str, int] = {}


def _world():
    return json.loads(Path(_WORLD).read_text("utf-8"))


def _getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    name = host.decode("ascii") if isinstance(host, bytes) else host
    if name is None or name.rstrip(".").lower() == "localhost":
        return _resolve(host, port, family, type, proto, flags)
    try:
        return _resolve(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    world = _world()
    answers = world["hosts"].get(name.rstrip(".").lower(), [world["public"][:1]])
    turn = _asked[name] = _asked.get(name, -1) + 1
    found = answers[min(turn, len(answers) - 1)]
    if not found:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return [entry for each in found for entry in _resolve(each, port, family, type, proto, flags | socket.AI_NUMERICHOST)]


def _note(file, line):
    with Path(file).open("a", encoding="utf-8") as log:
        log.write(line)


async def _sock_connect(self, sock, address):
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        world = _world()
        _note(world["log"], f"{address[0]} {address[1]}\n")
        site = world["outside"] if address[0] in world["public"] else world["inside"]
        address = ("127.0.0.1", site[0]) if sock.family == socket.AF_INET else ("::1", site[1], 0, 0)
    return await _connect(self, sock, address)


if _WORLD:
    socket.getaddrinfo = _getaddrinfo
    asyncio.selector_events.BaseSelectorEventLoop.sock_connect = _sock_connect
    # It connects past Python's sockets; without it the servers take asyncio's own loop.
    sys.modules["uvloop"] = None
