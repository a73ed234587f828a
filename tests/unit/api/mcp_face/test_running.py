from __future__ import annotations

import subprocess
import sys

import pytest

from synapse.api.mcp_face import running
from synapse.api.mcp_face.running import RunningServer
from tests.unit.api.mcp_face.conftest import Assistant


async def test_it_is_made_when_first_asked_and_once(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    made, build = [], running._build
    monkeypatch.setattr(running, "_build", lambda most: made.append(most) or build(most))
    assert made == []
    await assistant.ask("tools/list")
    await assistant.ask("tools/list")
    assert made == [1_000_000]


async def test_one_that_was_never_asked_and_one_that_was_closed_can_be_closed() -> None:
    server = RunningServer(1000)
    await server.close()
    await server.close()


async def test_one_that_cannot_be_made_is_a_fault_of_the_servers(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(most: int) -> None:
        raise ImportError("no SDK")

    monkeypatch.setattr(running, "_build", fail)
    answer = await assistant.send("tools/list")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


def test_the_api_loads_no_sdk_before_it_is_asked() -> None:
    code = "import sys, synapse.api.app; sys.exit(bool({'mcp', 'mcp_types'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
