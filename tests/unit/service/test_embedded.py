from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from synapse.contracts.run import RunRequest, RunState
from synapse.service.embedded import EmbeddedSynapse
from synapse.settings import ToolSettings
from tests.unit.workbench import Workbench
from tests.waiting import PATIENCE

ECHO = RunRequest(workflow="echo", input={"text": "hello"})


async def _ended(synapse: EmbeddedSynapse, run: str) -> str:
    return [event.name async for event in synapse.service.feed.follow(run)][-1]


def test_runs_are_worked_off_on_threads_and_what_an_earlier_process_left_is_too(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    left = bench.service.runs.submit(ECHO).run.id
    del bench.runtime.__dict__["publisher"]
    synapse = EmbeddedSynapse(bench.runtime)
    synapse.start()
    try:
        run = synapse.service.runs.submit(ECHO).run.id
        assert asyncio.run(asyncio.wait_for(_ended(synapse, run), PATIENCE)) == "run.succeeded"
        synapse.service.runs.cancel(left)
        synapse.service.runs.resume(left)
        assert synapse.service.runs.get(run).state is RunState.SUCCEEDED
    finally:
        synapse.stop()


def test_without_workers_it_makes_the_tables_and_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path))
    synapse = EmbeddedSynapse(tools=ToolSettings(), workers=False)
    synapse.start()
    try:
        assert synapse.service.runs.list().runs == ()
    finally:
        synapse.stop()
