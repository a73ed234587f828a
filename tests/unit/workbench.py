"""A real service over SQLite and the in-memory toolbox; its steps are tried by the engine's runner, here and now."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from synapse.contracts.agent import agent
from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail, RunRequest
from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.engine.frames import Publication
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.errors import Permanent
from synapse.service.service import Service
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings, ToolSettings
from synapse.state.records import Hint
from synapse.tools.memory import MemoryToolbox
from tests.unit.state.emptied import put_empty

ECHO = """
name: echo
input: {type: object, required: [text], properties: {text: {type: string, maxLength: 50}, fail: {type: boolean, default: false}}}
do: {step: say, agent: echo, with: {text: input.text, fail: input.fail}}
"""
ASKING = """
name: asking
input: {type: object, properties: {things: {type: array, default: []}}}
timeout: 90000
do:
  chain:
    - approval: publish
      ask: "'Publish?'"
      timeout: 86400
      on_reject: continue
    - foreach: each
      items: input.things
      do: {wait_for: confirm, payload: {type: object, required: [sum], properties: {sum: {type: number}}}}
    - {step: say, agent: echo, with: {text: to_string(steps.publish.approved)}}
"""
PAGES = {
    "https://docs.example/acks": (
        "Late acknowledgement\n\nWith late acknowledgement a Celery task is acknowledged after it has run. "
        "Late acknowledgement means that a task may run twice when its worker is killed."
    ),
    "https://blog.example/acks": (
        "Acknowledging late\n\nWith late acknowledgement a Celery task is acknowledged after it has run. "
        "A task with late acknowledgement should be idempotent."
    ),
}
QUESTION = "What does late acknowledgement mean for a Celery task?"


class EchoInput(BaseModel):
    """What to say, or that it fails."""

    text: str
    fail: bool = False


class EchoOutput(BaseModel):
    """What was said."""

    text: str


@agent("echo")
def echo(task: EchoInput, tools: Toolbox) -> EchoOutput:
    """Say it."""
    if task.fail:
        raise Permanent("told to fail")
    return EchoOutput(text=task.text)


class Pending:
    """A publisher that keeps its hints: what a broker would deliver."""

    def __init__(self) -> None:
        self.queue: deque[Hint] = deque()

    def hints(self, hints: Sequence[Hint], *, wait: bool = True) -> int:
        """Keep them."""
        self.queue.extend(hints)
        return len(hints)

    def again(self, publications: Sequence[Publication]) -> int:
        """Take them."""
        return len(publications)

    def events(self, events: Sequence[Event]) -> int:
        """Nobody listens."""
        return len(events)

    def close(self) -> None:
        """Nothing to close."""


class Workbench:
    """The service, and `work` to have its pending steps tried."""

    def __init__(self, home: Path) -> None:
        workflows = home / "workflows"
        workflows.mkdir(parents=True, exist_ok=True)
        (workflows / "echo.yaml").write_text(ECHO)
        registry = Registry({**Registry.installed(), "echo": echo})
        self.tools = MemoryToolbox(pages=PAGES)
        self.runtime = Runtime(
            StorageSettings(home=home, database_url=None),
            BrokerSettings(broker_url=None),
            EngineSettings(workflows_dir=workflows),
            ToolSettings(mcp_primary_url="http://127.0.0.1:1/mcp", mcp_filesystem_url="http://127.0.0.1:1/mcp"),
            registry,
        )
        self.pending = Pending()
        parts: dict[str, Any] = {"publisher": self.pending, "toolbox": self._toolbox}
        self.runtime.__dict__.update(parts)
        if not (home / "synapse.db").exists():
            put_empty(home / "synapse.db")
        self.service = Service(self.runtime)

    def _toolbox(self, context: StepContext, progress: Any) -> Toolbox:
        return MemoryToolbox(pages=PAGES, context=context, files=self.tools.files, blobs=self.runtime.database.blobs)  # type: ignore[arg-type] # stores alike

    def offer_asking(self) -> None:
        """Have a workflow that waits among those of the folder."""
        folder = self.runtime.engine.workflows_dir
        assert folder is not None
        (folder / "asking.yaml").write_text(ASKING)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """The same for as long as the block lasts; runs that it begins go on."""
        self.offer_asking()
        try:
            yield
        finally:
            assert self.runtime.engine.workflows_dir is not None
            (self.runtime.engine.workflows_dir / "asking.yaml").unlink()

    def work(self) -> None:
        """Try steps until none is pending."""
        while self.pending.queue:
            hint = self.pending.queue.popleft()
            self.runtime.runner.try_step(hint.run, hint.place, hint.digest)

    def finished(self, request: RunRequest) -> RunDetail:
        """A run of that request, worked off."""
        run = self.service.runs.submit(request).run
        self.work()
        return self.service.runs.get(run.id)

    def close(self) -> None:
        """Close every connection."""
        self.service.close()
