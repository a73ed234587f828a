"""Free TCP ports that stay ours while a server is down."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_handed_out: set[int] = set()


def _below_ephemeral() -> range:
    """Ports the kernel never picks for an outgoing connection.

    A client that keeps dialling a stopped server on an ephemeral port may be given that very port as its source and
    connect to itself, and the restarted server then finds its port taken.
    """
    try:
        low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        low = 32_768
    return range(10_000, low) if low > 12_000 else range(61_000, 65_500)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on and that was not returned before."""
    candidates = _below_ephemeral()
    for _ in range(200):
        port = random.choice(candidates)
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _handed_out.add(port)
        return port
    raise RuntimeError(f"no free port in {candidates}")
