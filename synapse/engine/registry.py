"""The agents there are: Synapse's own and those of installed packages, found by their entry points."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import structlog

from synapse.contracts.agent import Agent

GROUP = "synapse.agents"
_log = structlog.get_logger(__name__)


class Registry(Mapping[str, Agent]):
    """Agents by name. A name can be taken once."""

    def __init__(self, agents: Mapping[str, Agent] | None = None) -> None:
        self._agents: dict[str, Agent] = dict(agents or {})

    @classmethod
    def installed(cls) -> Registry:
        """All agents that entry points of the group ``synapse.agents`` name.

        An entry point is an agent or a module that holds some. One that cannot be imported is logged and left out: a broken
        package must not stop the others. Raises ValueError when two agents have one name.
        """
        registry = cls()
        for point in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda each: each.name):
            try:
                found = point.load()
            except Exception as error:
                _log.error("agents.unavailable", entry_point=point.name, value=point.value, error=str(error))
                continue
            for agent in _agents_in(found):
                registry.add(agent)
        return registry

    def add(self, agent: Agent) -> None:
        """Add one. Raises ValueError when its name is taken by another."""
        if self._agents.get(agent.name, agent) is not agent:
            raise ValueError(f"two agents are named {agent.name!r}: {self._agents[agent.name].function} and {agent.function}")
        self._agents[agent.name] = agent

    def queues(self) -> list[str]:
        """The queues that serve them, each once."""
        return sorted({agent.queue for agent in self.values()})

    def __getitem__(self, name: str) -> Agent:
        return self._agents[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._agents)

    def __len__(self) -> int:
        return len(self._agents)


def _agents_in(found: Any) -> list[Agent]:
    if isinstance(found, Agent):
        return [found]
    if isinstance(found, ModuleType):
        return [value for value in vars(found).values() if isinstance(value, Agent)]
    return []
