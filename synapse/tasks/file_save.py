"""File the report where a person finds it."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.report import Report
from synapse.contracts.toolbox import SavedFile, Toolbox
from synapse.research.html import page
from synapse.research.manifest import manifest


class FileSaveInput(BaseModel):
    """The blobs of a report."""

    report: str = Field(description="sha256 of the report's JSON.")
    markdown: str = Field(description="sha256 of its Markdown.")


class FileSaveOutput(BaseModel):
    """The files written, the manifest last."""

    folder: str
    files: list[SavedFile]


@agent("file_save", timeout=60)
async def file_save(task: FileSaveInput, tools: Toolbox) -> FileSaveOutput:
    """Write the report as Markdown, HTML and JSON into the run's folder, and a manifest that vouches for them."""
    raw, shown = await asyncio.gather(tools.get_blob(task.report), tools.get_blob(task.markdown))
    drawn = await asyncio.to_thread(lambda: page(Report.model_validate_json(raw)))
    contents = {"report.md": shown.decode("utf-8"), "report.html": drawn, "report.json": raw.decode("utf-8")}
    folder = tools.context.run
    contents["manifest.json"] = manifest(folder, {name: content.encode("utf-8") for name, content in contents.items()})
    # The manifest goes last: whoever finds one finds every file it names.
    files = [await tools.save_file(f"{folder}/{name}", content) for name, content in contents.items()]
    return FileSaveOutput(folder=folder, files=files)
