"""A run's report, read from the blobs its steps stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from synapse.contracts.principal import Principal
from synapse.contracts.report import Report, StoredPage
from synapse.contracts.run import RunDetail, RunState
from synapse.engine.runtime import Runtime
from synapse.errors import Conflict, NotFound
from synapse.research.html import page


class Reports:
    """Finds the report of a run by the sha256 in its output."""

    def __init__(self, runtime: Runtime, principal: Principal) -> None:
        self.runtime = runtime
        self.tenant = principal.tenant

    async def markdown(self, run: RunDetail) -> str:
        """The report as Markdown. Raises Conflict while the run has none, NotFound when its workflow makes none."""
        return (await self._blob(run, "markdown")).decode()

    async def json(self, run: RunDetail) -> Report:
        """The report as data. Raises as `markdown`."""
        return Report.model_validate_json(await self._blob(run, "report"))

    async def html(self, run: RunDetail) -> str:
        """The report as one self-contained HTML page. Raises as `markdown`."""
        report = await self.json(run)
        return await asyncio.to_thread(page, report)

    async def source(self, run: RunDetail, snapshot: str) -> StoredPage:
        """A page that the report was written from. Raises as `markdown`, and NotFound for one that is not among the report's."""
        report = await self.json(run)
        found = next((each for each in report.snapshots if each.id == snapshot), None)
        if found is None:
            raise NotFound("the report has no such page")
        return StoredPage(snapshot=found, text=(await self.stored(run, found.id, [found.id])).decode())

    def name(self, run: RunDetail, form: str) -> str:
        """The sha256 under which a form of the report is stored. Raises as `markdown`."""
        if run.state is not RunState.SUCCEEDED:
            remedy = "resume it" if run.state.terminal else "wait for it to succeed"
            raise Conflict(f"the run is {run.state}; it has no report", remedy=remedy)
        output: Any = run.output
        sha256 = output.get(form) if isinstance(output, dict) else None
        if not isinstance(sha256, str):
            raise NotFound(f"the workflow {run.workflow!r} makes no report")
        return sha256

    async def _blob(self, run: RunDetail, form: str) -> bytes:
        return await self.stored(run, self.name(run, form))

    async def stored(self, run: RunDetail, sha256: str, within: Iterable[str] = ()) -> bytes:
        """Bytes that the run, or ``within`` what was read of it, names. Raises Permanent."""
        return await self.runtime.database.of(self.tenant).blob(sha256, run, within)
