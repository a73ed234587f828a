"""Whole runs of the built-in research workflow: the real runner, ledger and agents, over pages in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from synapse.contracts.report import Report
from synapse.engine.registry import Registry
from synapse.research.citations import check
from synapse.tools.memory import MemoryToolbox
from synapse.workflows.compile import checked_input, compile_workflow
from tests.unit.engine.workshop import Workshop
from tests.unit.workflows.shipped import shipped


class Pilot:
    """Does every step as it becomes ready, one after the other."""

    def __init__(self, workshop: Workshop, tools: MemoryToolbox) -> None:
        self.house, self.tools = workshop.house, tools
        registry = Registry.installed()
        self.workflow = shipped("research")
        self.program = compile_workflow(self.workflow, registry)
        self.runner = replace(workshop.runner, agents=registry, toolbox=lambda context, progress: replace(tools, context=context))

    def ask(self, question: str, **more: Any) -> str:
        """Run it to its end; its id."""
        run = self.house.begin(self.program, checked_input(self.workflow, {"question": question, **more}))
        for _ in range(50):
            if self.house.state(run) != "running":
                return run
            for at, state in self.house.states(run).items():
                if state == "waiting":
                    self.house.overdue(run, at)
            self.house.database.reconciler.sweep()
            for at, state in self.house.states(run).items():
                if state == "ready":
                    self.runner.try_step(run, at, self.program.digest)
        raise AssertionError(f"it does not come to an end: {self.house.states(run)}")

    def report(self, run: str) -> Report:
        """The run's report, every citation of it checked in the stored texts."""
        report = Report.model_validate_json(self.blob(self.house.output(run)["report"]))
        assert check(report, {each.id: self.blob(each.id).decode() for each in report.snapshots}) == []
        return report

    def markdown(self, run: str) -> str:
        """The report as a person reads it."""
        return self.blob(self.house.output(run)["markdown"]).decode()

    def blob(self, name: str) -> bytes:
        """A stored blob."""
        return asyncio.run(self.tools.get_blob(name))


@contextmanager
def piloted(home: Path, tools: MemoryToolbox) -> Iterator[Pilot]:
    """A pilot with a database of its own."""
    workshop = Workshop(home)
    try:
        yield Pilot(workshop, tools)
    finally:
        workshop.close()
