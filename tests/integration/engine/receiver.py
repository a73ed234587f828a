"""Who is told of things by webhooks: a server that verifies and keeps what comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.waiting import PATIENCE


class Receiver:
    """Verifies and keeps what comes; answers as the test says, or not before it says so."""

    def __init__(self, port: int = 0) -> None:
        self.secret = ""
        self.came: Callable[[], object] = lambda: None
        """Called with each request, before it is answered."""
        self.statuses: list[int] = []
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.hang = threading.Event()
        self.hang.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.came()
                if self.path == "/hangs":
                    receiver.hang.wait(PATIENCE)
                status = receiver.statuses.pop(0) if receiver.statuses and self.path != "/hangs" else 204
                try:
                    event = Webhook(receiver.secret).verify(body, dict(self.headers)) if self.path != "/hangs" else {}
                    if status == 204 and event:
                        receiver.taken.append((str(self.headers["webhook-id"]), event))
                except WebhookVerificationError:
                    status = 401
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take nothing more."""
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()
