"""A real HTTP server on loopback that speaks OpenAI's chat protocol and misbehaves as it is told."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.waiting import PATIENCE

Json = dict[str, Any]
Behaviour = Callable[["Asked"], "Said"]


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: Json

    @property
    def shape(self) -> str:
        """Name of the answer's model, if it came as a schema."""
        return str(self.body.get("response_format", {}).get("json_schema", {}).get("name", ""))

    @property
    def text(self) -> str:
        """What the user message holds."""
        return str(self.body["messages"][1]["content"])

    def block(self, name: str) -> str:
        """The data block of that name."""
        found = re.search(rf"^BEGIN (\w+) {name}\n(.*?)\nEND \1$", self.text, re.DOTALL | re.MULTILINE)
        return found[2] if found else ""


@dataclass(frozen=True)
class Said:
    """One answer."""

    body: Json | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


def say(text: str | None, *, tokens: tuple[int, int] | None = (100, 20), finish: str = "stop", refusal: str | None = None) -> Said:
    """A chat completion with that text."""
    message: Json = {"role": "assistant", "content": text, "refusal": refusal}
    body: Json = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
    }
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    return Said(body)


def fail(status: int, message: str = "no", **headers: str) -> Said:
    """An error as such servers put it."""
    return Said({"error": {"message": message}}, status, {name.replace("_", "-"): value for name, value in headers.items()})


HANG = Said("", hang=True)


class ModelServer:
    """Answers with the next of what it was told to say, and from then on with ``always``."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.next: deque[Said | Behaviour] = deque()
        self.always: Said | Behaviour = fail(500)
        self.models: list[str] = []
        self.released = threading.Event()
        self.url = ""

    def forget(self) -> None:
        """As if it had only just been started."""
        self.asked.clear()
        self.next.clear()
        self.models = []
        self.always = fail(500)

    def says(self, *answers: Said | Behaviour) -> None:
        """Say these, one after the other."""
        self.next.extend(answers)

    def answer(self, asked: Asked) -> Said:
        """What to say to this."""
        self.asked.append(asked)
        said = self.next.popleft() if self.next else self.always
        return said if isinstance(said, Said) else said(asked)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A running server."""
    script = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(Said({"object": "list", "data": [{"id": name, "object": "model"} for name in script.models]}))

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            self._say(script.answer(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, json.loads(data))))

        def _say(self, said: Said) -> None:
            if said.hang:
                script.released.wait(PATIENCE)
                self.close_connection = True
                return
            body = said.body.encode() if isinstance(said.body, str) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in {"content-type": "application/json", **said.headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Not on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
