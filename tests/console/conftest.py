"""The console in a real browser, over a house with real agents and some that do what a test tells them."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from pydantic import BaseModel

from synapse.api.app import create_app
from synapse.cli.house import House, Ports
from synapse.cli.listening import listen, url_of
from synapse.cli.serving import Servers
from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry
from synapse.engine.registry import Registry
from synapse.errors import Permanent, Transient
from synapse.service.corpora import Corpora
from synapse.service.service import Service
from synapse.settings import ApiSettings, StorageSettings
from tests.absent import absent
from tests.services import ServiceMissing
from tests.services.chromium import chromium
from tests.unit.cli.conftest import PAGES
from tests.waiting import PATIENCE, until

WORKFLOWS = {
    "gated": """
name: gated
input: {type: object, properties: {folder: {type: string}, things: {type: array}}}
do:
  chain:
    - {step: open, agent: test.gate, with: {thing: "'open'", folder: input.folder}}
    - foreach: many
      items: input.things
      as: thing
      do: {step: gate, agent: test.gate, with: {thing: thing, folder: input.folder}}
    - {step: close, agent: test.gate, with: {thing: "'close'", folder: input.folder}}
""",
    "asking": """
name: asking
timeout: 86400
do:
  chain:
    - {approval: publish, ask: "'<img src=x onerror=alert(1)> Publish?'", timeout: 3600, on_reject: continue}
    - when: steps.publish.approved
      then:
        group:
          - {wait_for: paid, ask: "'Paid?'", payload: {type: object, required: [sum], properties: {sum: {type: number}}}}
          - {timer: pause, seconds: 3600}
""",
}


class Gate(BaseModel):
    """What to wait for."""

    thing: str
    folder: str


class Passed(BaseModel):
    """What was waited for."""

    thing: str


@agent("test.gate", retry=Retry(attempts=2, delay=0.05, max_delay=0.1), timeout=300)
async def gate(task: Gate, tools: Toolbox) -> Passed:
    """Pass, as soon as the folder has a file of the thing's name if it is one to wait for; fail when told to."""
    import asyncio

    folder = Path(task.folder)
    if task.thing.startswith("broken") and not (folder / "mended").exists():
        raise Permanent("<img src=x onerror=alert(1)> is broken")
    if task.thing.startswith("again") and tools.context.attempt == 1:
        raise Transient("not now")
    while task.thing.startswith("wait") and not (folder / task.thing).exists():  # a file, which nobody else tells of
        await tools.progress(1, 2, "half of it")
        await asyncio.sleep(0.02)
    return Passed(thing=task.thing)


class Api:
    """An API beside the workers, which can be restarted without them, on the same port."""

    def __init__(self, *, token: str | None = None) -> None:
        self._listener = listen("127.0.0.1", 0, "SYNAPSE_API_PORT")
        self.port = self._listener.getsockname()[1]
        self._settings = ApiSettings.model_validate({"api_token": token} if token else {})
        self._token = token
        self._begin()

    @property
    def url(self) -> str:
        """Its address, ending in a slash."""
        return url_of(self._listener) + "/"

    def _begin(self) -> None:
        self._service = Service()
        self._servers = Servers()
        self._servers.add("api", create_app(self._service, self._settings), self._listener)
        self._servers.start()

    def stop(self) -> None:
        """Stop answering."""
        self._servers.stop(before=self._service.feed.close)
        self._service.close()
        self._listener.close()

    def start_again(self) -> None:
        """Answer at the same address."""
        self._listener = listen("127.0.0.1", self.port, "SYNAPSE_API_PORT")
        self._begin()

    def ask(self, path: str, body: object = None) -> Any:
        """A request as any program makes it."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        }
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers)) as answer:
            return json.load(answer)

    def begin(self, folder: Path, *things: str) -> str:
        """Start a gated run."""
        given = {"workflow": "gated", "input": {"folder": str(folder), "things": list(things)}}
        return str(self.ask("v1/runs", given)["id"])

    def multiply(self, run: str, times: int) -> None:
        """So many more runs like one that has ended."""
        self.until(run, "succeeded")
        names = [row[1] for row in self._rows("PRAGMA table_info(run)")]
        taken = [name for name in names if name not in ("id", "idempotency_key")]
        copied = ", ".join(taken)
        for number in range(times):
            self._rows(f"INSERT INTO run (id, {copied}) SELECT id || '-{number}', {copied} FROM run WHERE id = '{run}'")

    def _rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(StorageSettings().home / "synapse.db", timeout=60, isolation_level=None)) as connection:
            return connection.execute(sql).fetchall()

    def until(self, run: str, state: str) -> None:
        """Wait for a run."""
        until(lambda: self.ask(f"v1/runs/{run}")["state"] == state, f"run {state}")


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Workers and tools over a small corpus."""
    folder = tmp_path_factory.mktemp("home")
    for name, text in PAGES.items():
        (folder / "insects").mkdir(exist_ok=True)
        (folder / "insects" / name).write_text(text)
    (folder / "workflows").mkdir()
    for name, text in WORKFLOWS.items():
        (folder / "workflows" / f"{name}.yaml").write_text(text)
    installed = Registry.installed

    def with_gates() -> Registry:
        registry = installed()
        registry.add(gate)
        return registry

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNAPSE_HOME", str(folder))
        patch.setenv("SYNAPSE_WORKFLOWS_DIR", str(folder / "workflows"))
        patch.setenv("SYNAPSE_CONCURRENCY", "8")
        patch.setattr(Registry, "installed", with_gates)
        Corpora().index(folder / "insects", "insects")
        with House(Ports.from_settings().free(), workers=True) as house:
            yield house


@pytest.fixture
def api(home: House) -> Iterator[Api]:
    api = Api()
    yield api
    api.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as browser:
            yield browser
    except ServiceMissing as missing:
        absent(missing)


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, api: Api) -> Iterator[Open]:
    """Open a place of the console, in a window of its own. What the page's own code complains of fails the test."""
    contexts, complaints = [], []

    def heard(message: ConsoleMessage) -> None:
        # The browser's own lines about answers of the network are what a test may have asked for.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def go(place: str = "", url: str | None = None, **options: Any) -> Page:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}))
        contexts[-1].set_default_timeout(PATIENCE * 1000)
        page = contexts[-1].new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((url or api.url) + (f"#/{place}" if place else ""))
        return page

    yield go
    for context in contexts:
        context.close()
    assert not complaints
