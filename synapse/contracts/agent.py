"""What an agent is: one function from a typed input to a typed output, with a toolbox."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pydantic import BaseModel

from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry

AgentFunction = Callable[[Any, Toolbox], Any] | Callable[[Any, Toolbox], Awaitable[Any]]


@dataclass(frozen=True)
class Agent:
    """A registered agent. ``name`` is ``module`` or ``module.action``; all actions of a module share one queue."""

    name: str
    function: AgentFunction
    input: type[BaseModel]
    output: type[BaseModel]
    description: str = ""
    retry: Retry = field(default_factory=Retry)
    timeout: float = 60.0

    @property
    def queue(self) -> str:
        """The RabbitMQ queue of the agent's module, e.g. ``synapse-fact-check``."""
        return queue_of(self.name)

    @property
    def task(self) -> str:
        """The Celery task's name, e.g. ``synapse.search.rank``."""
        return f"synapse.{self.name}"

    @property
    def is_async(self) -> bool:
        """Whether the function runs on the worker's event loop (async) or on the step's own thread."""
        return inspect.iscoroutinefunction(self.function)


def queue_of(agent: str) -> str:
    """The queue that serves the agent of that name."""
    return "synapse-" + agent.partition(".")[0].replace("_", "-")


def agent(name: str, *, retry: Retry | None = None, timeout: float = 60.0) -> Callable[[AgentFunction], Agent]:
    """Make an agent of a function ``(task: In, tools: Toolbox) -> Out``; both types are pydantic models.

    ``timeout`` is in seconds per attempt. Raises TypeError, naming the function, when a type is missing.
    """

    def register(function: AgentFunction) -> Agent:
        hints = get_type_hints(function)
        parameters = list(inspect.signature(function).parameters)
        if len(parameters) != 2:
            raise TypeError(f"agent {name!r}: {function.__name__} must take (task, tools), not {tuple(parameters)}")
        about = f"agent {name!r}: the {{}} of {function.__name__} must be annotated with a pydantic model"
        return Agent(
            name=name,
            function=function,
            input=_model(hints.get(parameters[0]), about.format("task")),
            output=_model(hints.get("return"), about.format("return value")),
            description=inspect.getdoc(function) or "",
            retry=retry or Retry(),
            timeout=timeout,
        )

    return register


def _model(hint: Any, fault: str) -> type[BaseModel]:
    if not (isinstance(hint, type) and issubclass(hint, BaseModel)):
        raise TypeError(fault)
    return hint
