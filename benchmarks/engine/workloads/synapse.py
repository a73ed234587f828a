"""Synapse: the shape as agents and a workflow. What is fetched for a step, and when, is the engine's business."""

from __future__ import annotations

from celery import signals
from pydantic import BaseModel

from benchmarks.engine import shape
from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Workflow
from synapse.engine.app import create_app
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.workflows.definition import parse


class Seed(BaseModel):
    """What `plan` takes."""

    seed: int


class Item(BaseModel):
    """What the members of the fan-outs take."""

    item: int


class Results(BaseModel):
    """What `check` takes."""

    results: list[shape.Result]


class One(BaseModel):
    """What the last two take."""

    result: shape.Result


class Planned(BaseModel):
    """Items to go on with."""

    items: list[int]
    pad: str


class Read(BaseModel):
    """One item, read."""

    item: int
    pad: str


class Seen(BaseModel):
    """Everything that was read."""

    seen: list[int]
    pad: str


@agent("bench.plan")
def plan(task: Seed, tools: Toolbox) -> Planned:
    """Step 1."""
    return Planned(**shape.plan(task.seed))


@agent("bench.search")
def search(task: Item, tools: Toolbox) -> Planned:
    """Steps 2 to 5."""
    return Planned(**shape.search(task.item))


@agent("bench.read")
def read(task: Item, tools: Toolbox) -> Read:
    """Steps 6 to 13."""
    return Read(**shape.read(task.item))


@agent("bench.check")
def check(task: Results, tools: Toolbox) -> Seen:
    """Step 14."""
    return Seen(**shape.check(task.results))


@agent("bench.write")
def write(task: One, tools: Toolbox) -> Seen:
    """Step 15."""
    return Seen(**shape.write(task.result))


@agent("bench.save")
def save(task: One, tools: Toolbox) -> Seen:
    """Step 16."""
    return Seen(**shape.save(task.result))


def workflow() -> Workflow:
    """The shape."""
    return parse("""
name: shape
do:
  chain:
    - {step: plan, agent: bench.plan, with: {seed: input.seed}}
    - {foreach: searches, items: steps.plan.items, do: {step: search, agent: bench.search, with: {item: item}}}
    - {foreach: reads, items: "steps.searches[].items[]", do: {step: read, agent: bench.read, with: {item: item}}}
    - {step: check, agent: bench.check, with: {results: steps.reads}}
    - {step: write, agent: bench.write, with: {result: steps.check}}
    - {step: save, agent: bench.save, with: {result: steps.write}}
""")


def registry() -> Registry:
    """The agents of the shape."""
    return Registry({each.name: each for each in (plan, search, read, check, write, save)})


app = create_app(Runtime(registry=registry()), set_as_current=False)


@signals.worker_ready.connect
def _say_so(**_: object) -> None:
    print("takes work", flush=True)
