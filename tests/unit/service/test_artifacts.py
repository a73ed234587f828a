from __future__ import annotations

import asyncio
import json

import pytest

from synapse.contracts.run import RunRequest
from synapse.errors import Conflict, NotFound
from tests.unit.workbench import QUESTION, Workbench


async def test_they_are_byte_for_byte_what_the_filesystem_server_was_given(bench: Workbench) -> None:
    detail = await asyncio.to_thread(bench.finished, RunRequest(question=QUESTION))
    saved = {path.partition("/")[2]: content for path, content in bench.tools.files.items() if path.startswith(detail.id)}
    assert set(saved) == {"report.md", "report.html", "report.json", "manifest.json"}
    for name, content in saved.items():
        found = await bench.service.artifacts.get(detail, name)
        assert found.content == (content.encode() if isinstance(content, str) else content), name
    listed = (await bench.service.artifacts.list(detail)).artifacts
    vouched = json.loads((await bench.service.artifacts.get(detail, "manifest.json")).content)["files"]
    assert {each.name: each.sha256 for each in listed if each.name in vouched} == {name: each["sha256"] for name, each in vouched.items()}
    assert [each.name for each in listed] == [*saved, "events.jsonl"]


async def test_the_log_is_there_from_the_beginning_and_the_report_once_it_is(bench: Workbench) -> None:
    run = bench.service.runs.submit(RunRequest(question=QUESTION)).run
    assert [each.name for each in (await bench.service.artifacts.list(run)).artifacts] == ["events.jsonl"]
    lines = (await bench.service.artifacts.get(run, "events.jsonl")).content.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["run.created"]
    with pytest.raises(Conflict):
        await bench.service.artifacts.get(run, "report.md")
    with pytest.raises(NotFound, match="no file"):
        await bench.service.artifacts.get(run, "../report.md")
