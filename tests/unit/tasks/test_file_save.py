from __future__ import annotations

import hashlib
import json

import pytest

from synapse.errors import Permanent
from synapse.tasks.file_save import FileSaveInput, file_save
from synapse.tools.memory import MemoryToolbox
from tests.unit.tasks.steps import written


async def test_the_report_is_filed_under_the_runs_name(tools: MemoryToolbox) -> None:
    made = await written(tools)
    saved = await file_save.function(FileSaveInput(report=made.report, markdown=made.markdown), tools)
    assert [file.path for file in saved.files] == ["run-1/report.md", "run-1/report.html", "run-1/report.json", "run-1/manifest.json"]
    assert tools.files["run-1/report.html"].startswith("<!doctype html>")
    assert hashlib.sha256(tools.files["run-1/report.json"].encode()).hexdigest() == made.report


async def test_the_manifest_vouches_for_every_other_file(tools: MemoryToolbox) -> None:
    made = await written(tools)
    saved = await file_save.function(FileSaveInput(report=made.report, markdown=made.markdown), tools)
    manifest = json.loads(tools.files["run-1/manifest.json"])
    assert manifest["run"] == "run-1"
    assert manifest["files"] == {
        file.path.removeprefix("run-1/"): {"sha256": file.sha256, "bytes": file.bytes} for file in saved.files[:-1]
    }


async def test_filing_again_writes_the_same_bytes(tools: MemoryToolbox) -> None:
    made = await written(tools)
    task = FileSaveInput(report=made.report, markdown=made.markdown)
    assert await file_save.function(task, tools) == await file_save.function(task, tools)


async def test_a_lost_report_fails_the_step_and_writes_nothing(tools: MemoryToolbox) -> None:
    with pytest.raises(Permanent):
        await file_save.function(FileSaveInput(report="0" * 64, markdown="1" * 64), tools)
    assert tools.files == {}
