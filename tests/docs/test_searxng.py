"""The page's variable has a stand-in for SearXNG searched, and what the page says of failures is what is said."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml

from synapse.errors import SynapseError
from synapse.mcp_servers.providers.searxng import SearxngProvider
from tests.docs.pages import ROOT, blocks, files
from tests.docs.running import environment
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.waiting import PATIENCE

PAGE = ROOT / "docs/howto/searxng.md"
FOUND = "https://example.org/tides"


@contextmanager
def instance(formats: list[str]) -> Iterator[tuple[str, list[str]]]:
    """A stand-in for SearXNG that finds one page. Gives its address and the queries that it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/search" and given.get("format") in formats:
                asked.append(given["q"])
                hit = {"url": FOUND, "title": "Tides", "content": "Why tides rise twice a day"}
                self._answer(200, "application/json", json.dumps({"results": [hit]}))
            else:
                self._answer(403 if url.path == "/search" else 404, "text/html", "")

        def _answer(self, status: int, kind: str, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.timeout(300)
def test_the_servers_search_finds_what_the_instance_found(tmp_path: Path) -> None:
    formats = yaml.safe_load(files(PAGE)["searxng/settings.yml"])["search"]["formats"]
    shell = "".join(block.text for block in blocks(PAGE, "sh"))
    (variable,) = re.findall(r"^export (SYNAPSE_\w+)=", shell, re.MULTILINE)
    (body,) = re.findall(r"/tools/search_web .*-d '(.*)'", shell)
    log, port = tmp_path / "primary.log", free_port()
    with instance(formats) as (url, asked):
        command = [sys.executable, "-m", "synapse.cli.main", "mcp", "primary", "--port", str(port)]
        server = ServerProcess(command, log=log, env=environment(tmp_path, **{variable: url}))
        try:
            server.wait_until(lambda: "ready; Ctrl-C stops" in log.read_text(), "the primary server")
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as client:
                found = client.post("/tools/search_web", headers={"Content-Type": "application/json"}, content=body).json()
                ready = client.get("/readyz").json()
        finally:
            server.stop()
    assert asked == ["tides"]
    assert [(source["url"], source["provider"]) for source in found["sources"]] == [(FOUND, "searxng")]
    assert "searxng" in json.dumps(ready)


async def _said(url: str) -> str:
    with pytest.raises(SynapseError) as raised:
        await SearxngProvider(url).search("tides", 5)
    return f"searxng: {raised.value}".partition(" (")[0]


async def test_failures_are_told_as_the_page_has_them() -> None:
    told = PAGE.read_text("utf-8")
    with instance(["html"]) as (url, _):
        assert f"| `{await _said(url)}` |" in told
    assert f"| `{await _said(f'http://127.0.0.1:{free_port()}')}` |" in told
    silent = httpx.MockTransport(lambda _: httpx.Response(200, json={"results": [], "unresponsive_engines": [["duckduckgo", "CAPTCHA"]]}))
    _, engines = await SearxngProvider("http://searxng.example", transport=silent).search("tides", 5)
    assert f"| `{engines[0]}` and the like |" in told
