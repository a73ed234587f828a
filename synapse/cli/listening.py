"""Sockets to listen on, taken before anything else starts: a port that is in use is said at once and by its setting."""

from __future__ import annotations

import errno
import socket

from synapse.errors import InvalidInput, Unavailable


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises Unavailable for a port in use, InvalidInput for what is no address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise InvalidInput(f"cannot listen on {host!r}: {error.strerror}", field=setting.replace("PORT", "HOST")) from error
    listener = socket.socket(family, kind, protocol)
    try:
        # Otherwise a port stays taken for a minute after its server stopped.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            remedy = f"stop what listens there, or choose another: {setting}=0 takes a free one"
            raise Unavailable(f"port {port} on {host} is taken", field=setting, remedy=remedy) from error
        raise InvalidInput(f"cannot listen on {host}:{port}: {error.strerror}", field=setting) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address under which this machine reaches it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
