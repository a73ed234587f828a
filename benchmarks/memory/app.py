"""The application whose workers are weighed: an agent that does nothing, and one that calls a tool of a real MCP server."""

from __future__ import annotations

from celery import signals
from pydantic import BaseModel

from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox
from synapse.engine.app import create_app
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime


class Item(BaseModel):
    """A number to hand on."""

    item: int


class Found(BaseModel):
    """How many sources a search gave."""

    count: int


@agent("load.plain")
def plain(task: Item, tools: Toolbox) -> Item:
    """Do nothing."""
    return task


@agent("load.tools")
async def calling(task: Item, tools: Toolbox) -> Found:
    """Search the corpus."""
    results = await tools.search_web(f"memory number {task.item % 97}", limit=3)
    return Found(count=len(results.sources))


registry = Registry({each.name: each for each in (plain, calling)})
app = create_app(Runtime(registry=registry), set_as_current=False)


@signals.worker_ready.connect
def _say_so(**_: object) -> None:
    print("takes work", flush=True)
