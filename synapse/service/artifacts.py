"""The files of a run: its report in each form, the manifest that vouches for them, and its log."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Final

from synapse.contracts.artifact import ArtifactList, ArtifactView
from synapse.contracts.run import RunDetail
from synapse.errors import Conflict, NotFound
from synapse.research.manifest import manifest
from synapse.service.reports import Reports
from synapse.service.runs import Runs

LOG: Final = "events.jsonl"
_REPORT: Final = {
    "report.md": "text/markdown; charset=utf-8",
    "report.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "manifest.json": "application/json",
}
TYPES: Final = {**_REPORT, LOG: "application/jsonl"}
"""Media types by name, in the order that they are listed in."""
_PAGE: Final = 1000


@dataclass(frozen=True)
class Artifact:
    """One file, whole."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """What it is known by, and whether it has changed."""
        return hashlib.sha256(self.content).hexdigest()


class Artifacts:
    """Puts the files of a run together from what its steps stored: the same that the filesystem server was given."""

    def __init__(self, runs: Runs, reports: Reports) -> None:
        self.runs = runs
        self.reports = reports

    async def list(self, run: RunDetail) -> ArtifactList:
        """Those that the run has now: its log always, the others once it has succeeded."""
        try:
            found = await self._report(run)
        except (Conflict, NotFound):
            found = {}
        found[LOG] = await asyncio.to_thread(self._log, run.id)
        files = (Artifact(name, TYPES[name], content) for name, content in found.items())
        views = (ArtifactView(name=each.name, media_type=each.media_type, bytes=len(each.content), sha256=each.sha256) for each in files)
        return ArtifactList(artifacts=tuple(views))

    async def get(self, run: RunDetail, name: str) -> Artifact:
        """One of them. Raises NotFound, and Conflict while the run has no report."""
        if name not in TYPES:
            raise NotFound(f"a run has no file {name[:80]!r}", remedy=f"there are {', '.join(TYPES)}")
        content = await asyncio.to_thread(self._log, run.id) if name == LOG else (await self._report(run))[name]
        return Artifact(name, TYPES[name], content)

    async def _report(self, run: RunDetail) -> dict[str, bytes]:
        markdown, raw = [await self.reports.stored(run, self.reports.name(run, form)) for form in ("markdown", "report")]
        found = {"report.md": markdown, "report.html": (await self.reports.html(run)).encode(), "report.json": raw}
        return {**found, "manifest.json": manifest(run.id, found).encode()}

    def _log(self, run: str) -> bytes:
        lines: list[str] = []
        after = 0
        while page := self.runs.events(run, after, _PAGE):
            lines += [event.model_dump_json() for event in page]
            after = page[-1].seq
        return "".join(f"{line}\n" for line in lines).encode()
