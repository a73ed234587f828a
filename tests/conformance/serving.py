"""An application on a loopback port, as long as it is needed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from synapse.mcp_servers.app import ENDPOINT
from tests.waiting import PATIENCE, until


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve it from a thread; the URL of its MCP endpoint."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # ws="none": its legacy module warns, and warnings are errors here.
        config = uvicorn.Config(app, log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive(), "the server listens")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{ENDPOINT}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
