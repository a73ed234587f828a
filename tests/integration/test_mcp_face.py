"""An assistant with the official client researches through ``/mcp`` over real HTTP, and the API is started again in the middle."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from synapse.api.app import create_app
from synapse.settings import ApiSettings
from tests.conformance.serving import served
from tests.unit.workbench import QUESTION, Workbench

SETTINGS = ApiSettings.model_validate({"api_token": None})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_research_survives_the_api_from_its_start_to_its_report(tmp_path: Path, mode: Any) -> None:
    async def begin(url: str) -> str:
        async with Client(url, mode=mode) as client:
            result = await client.call_tool("start_research", {"question": QUESTION})
            assert result.structured_content["state"] == "running"
            run: str = result.structured_content["run"]
            return run

    async def finish(url: str, run: str, bench: Workbench) -> str:
        told: list[float] = []

        async def progress(done: float, total: float | None, message: str | None) -> None:
            told.append(done)

        async with Client(url, mode=mode) as client:
            working = asyncio.create_task(asyncio.to_thread(bench.work))
            ended = False
            while not ended:
                waited = await client.call_tool("wait_for_run", {"run": run, "timeout_seconds": 60}, progress_callback=progress)
                ended = waited.structured_content["ended"]
            await working
            assert told == sorted(told)
            text = (await client.call_tool("read_report", {"run": run, "section": "Answer"})).structured_content["text"]
            (content,) = (await client.read_resource(f"report://{run}")).contents
            assert text in content.text  # type: ignore[union-attr]
            assert isinstance(text, str)
            return text

    first = Workbench(tmp_path)
    with served(create_app(first.service, SETTINGS)) as url:
        run = asyncio.run(begin(url))
    pending = list(first.pending.queue)
    first.close()
    second = Workbench(tmp_path)
    # What a broker would have kept for the workers.
    second.pending.queue.extend(pending)
    try:
        with served(create_app(second.service, SETTINGS)) as url:
            assert "Late acknowledgement" in asyncio.run(finish(url, run, second))
    finally:
        second.close()
