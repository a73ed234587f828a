"""Stands in for celery-exporter 0.12.2, a program of others that comes as an image only.

It takes the options that the chart gives it and variables of the form ``CE_PORT``, answers ``/health`` with an error while the broker is
away, and tells the lengths of the queues that it was told of.
"""

from __future__ import annotations

import argparse
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import kombu


def _answer(path: str, broker: str, queues: list[str]) -> str:
    with kombu.Connection(broker, connect_timeout=5) as connection:
        if path == "/health":
            connection.ensure_connection(max_retries=1)
            return "ok\n"
        lengths = {queue: connection.default_channel.queue_declare(queue, passive=True).message_count for queue in queues}
    return "".join(f'celery_queue_length{{queue_name="{queue}"}} {length}\n' for queue, length in lengths.items())


def main() -> None:
    """Serve until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--retry-interval", type=int, default=0)
    parser.add_argument("--generic-hostname-task-sent-metric", action="store_true")
    parser.add_argument("--purge-offline-worker-metrics", type=int, default=600)
    parser.add_argument("--queues", default="")
    given = parser.parse_args()
    broker = os.environ["CE_BROKER_URL"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                status, text = 200, "celery-exporter\n" if self.path == "/" else _answer(self.path, broker, given.queues.split(","))
            except Exception as error:
                status, text = 500, f"{error}\n"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("CE_PORT", "9808"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
