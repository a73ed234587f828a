"""The official inspector researches through the API's `/mcp`, from question to report; the API is started again in the middle."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from synapse.api.app import create_app
from synapse.settings import ApiSettings
from tests.conformance.node import Node
from tests.conformance.serving import served
from tests.conformance.test_inspector import inspect
from tests.unit.workbench import QUESTION, Workbench
from tests.waiting import until

SETTINGS = ApiSettings.model_validate({"api_token": None})


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_the_inspector_takes_a_research_over_a_restart_of_the_api_to_its_report(node: Node, tmp_path: Path, era: str) -> None:
    def call(url: str, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = inspect(node, url, era, "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        assert not answer.get("isError"), answer
        found: dict[str, Any] = answer["structuredContent"]
        return found

    with ThreadPoolExecutor(1) as pool:
        first = Workbench(tmp_path)
        with served(create_app(first.service, SETTINGS)) as url:
            # In the newer revision it is answered with a task, and looks at that until the API is gone.
            started = pool.submit(call, url, "start_research", question=QUESTION)
            until(lambda: first.pending.queue, "the run is begun")
        started.exception()
        pending = list(first.pending.queue)
        first.close()
        second = Workbench(tmp_path)
        # What a broker would have kept for the workers.
        second.pending.queue.extend(pending)
        try:
            with served(create_app(second.service, SETTINGS)) as url:
                (found,) = call(url, "list_runs")["runs"]
                run, state = found["run"], found["state"]
                assert state == "running"
                working = pool.submit(second.work)
                while not call(url, "wait_for_run", run=run, timeout_seconds=60)["ended"]:
                    pass
                working.result()
                text = call(url, "read_report", run=run, section="Answer")["text"]
                assert "Late acknowledgement" in text
                (content,) = inspect(node, url, era, "resources/read", "--uri", f"report://{run}")["contents"]
                assert text in content["text"]
        finally:
            second.close()
