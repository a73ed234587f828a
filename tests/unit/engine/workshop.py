"""A database, agents made for a test, and a runner whose publisher writes down what was committed when it was called."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from synapse.contracts.agent import Agent, AgentFunction, agent
from synapse.contracts.messages import Event
from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.contracts.workflow import Retry
from synapse.engine.frames import Publication
from synapse.engine.heartbeat import Heartbeat
from synapse.engine.runner import Runner
from synapse.state.records import Hint
from synapse.tools.memory import MemoryToolbox
from tests.unit.state.house import House, open_house


class Things(BaseModel):
    """Anything an expression gives."""

    seen: Any = None
    number: int = 1


class Told(BaseModel):
    """What an agent says."""

    said: Any = None
    items: list[Any] = []


def make(name: str, function: AgentFunction, *, retry: Retry | None = None, timeout: float = 60.0) -> Agent:
    """An agent of a function."""
    return agent(name, retry=retry, timeout=timeout)(function)


def echo(task: Things, tools: Toolbox) -> Told:
    """Say what was seen."""
    return Told(said=task.seen)


@dataclass
class Published:
    """Keeps hints, each with the state that anybody else would have found its step in when it was sent."""

    path: Path
    sent: list[tuple[Hint, str | None]] = field(default_factory=list)
    passed_on: list[Event] = field(default_factory=list)
    takes: bool = True

    def hints(self, hints: Sequence[Hint], *, wait: bool = True) -> int:
        """Look at the database through a connection of its own: what it shows is committed."""
        with closing(sqlite3.connect(self.path)) as connection:
            for hint in hints:
                key = hint.place.partition("[")[0]
                found = connection.execute("SELECT state FROM step WHERE run = ? AND node = ?", (hint.run, key)).fetchone()
                self.sent.append((hint, found and found[0]))
        return len(hints) if self.takes else 0

    def again(self, publications: Sequence[Publication]) -> int:
        """Take them."""
        return len(publications)

    def events(self, events: Sequence[Event]) -> int:
        """Keep them, if it takes any."""
        if not self.takes:
            return 0
        self.passed_on += events
        return len(events)

    def close(self) -> None:
        """Nothing to close."""


class Reporting(MemoryToolbox):
    """A toolbox in memory that passes progress on."""

    callback: Callable[[float, float, str], Awaitable[None]]

    async def progress(self, done: float, total: float, message: str = "") -> None:
        """Pass it on."""
        await self.callback(done, total, message)


class Workshop:
    """A house and a runner."""

    def __init__(self, home: Path, **engine: Any) -> None:
        self.house: House = open_house(f"sqlite:///{home / 'synapse.db'}", home, **engine)
        self.published = Published(home / "synapse.db")
        self.agents: dict[str, Agent] = {"echo": make("echo", echo)}
        self.heartbeat = Heartbeat(self.house.database.ledger)
        self.contexts: list[StepContext] = []
        self.runner = Runner(
            ledger=self.house.database.ledger,
            definitions=self.house.database.definitions,
            agents=self.agents,
            publisher=self.published,
            heartbeat=self.heartbeat,
            toolbox=self._toolbox,
            worker="bench",
            inline=False,
        )

    def _toolbox(self, context: StepContext, progress: Any) -> Toolbox:
        self.contexts.append(context)
        made = Reporting(context=context)
        made.callback = progress
        return made

    def add(self, name: str, function: AgentFunction, **options: Any) -> None:
        """Let there be one more agent."""
        self.agents[name] = make(name, function, **options)

    def begin(self, tree: dict[str, Any], run_input: Mapping[str, Any] | None = None, **more: Any) -> str:
        """A new run; nothing of it is tried yet."""
        return self.house.begin(tree, dict(run_input or {}), **more)

    def attempt(self, run: str, place: str) -> str:
        """Try a step; what became of it."""
        return self.runner.try_step(run, place, self.house.programs[run].digest)

    def error(self, run: str, place: str) -> dict[str, str]:
        """The failure that is written at the step."""
        found: dict[str, str] = self.house.database.driver.loads(self.house.column(run, place, "error"))
        return found

    def said(self, run: str, place: str) -> Any:
        """What the step's agent said."""
        return self.house.database.driver.loads(self.house.column(run, place, "output"))["said"]

    def close(self) -> None:
        """Stop the heartbeat, close the database."""
        self.heartbeat.close()
        self.house.database.close()
