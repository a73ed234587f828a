"""Checks the stored report of a run again and, when asked to, fetches its sources once more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ValidationError

from synapse.contracts.report import Reference, Report
from synapse.contracts.run import RunDetail
from synapse.contracts.toolbox import StepContext
from synapse.contracts.verification import Check, Finding, Revisited, Verification
from synapse.engine.runtime import Runtime
from synapse.errors import Permanent, StepError
from synapse.research.verification import checks_of, holds, is_named, revisited, unreadable
from synapse.service.reports import Reports

_AT_ONCE: Final = 4
_SECONDS: Final = 60.0
"""For all sources of a report together."""


class Verifications:
    """Checks reports. Nothing is fetched unless that is asked for, and nothing is written."""

    def __init__(self, runtime: Runtime, reports: Reports) -> None:
        self.runtime = runtime
        self.reports = reports

    async def verify(self, run: RunDetail, *, refetch: bool = False) -> Verification:
        """What holds of a run's report and what does not; takes up to a minute with ``refetch``.

        Raises Conflict while the run has no report, NotFound when its workflow makes none, Transient when the store does not answer.
        """
        report, files = await self._report(run)
        if report is None:
            return Verification(run=run.id, holds=False, checks=(files,))
        names = list(dict.fromkeys([snapshot.id for snapshot in report.snapshots] + [item.snapshot for item in report.evidence]))
        data = await asyncio.gather(*(self._stored(run, name, names) for name in names))
        stored = dict(zip(names, data, strict=True))
        checks = (files, *await asyncio.to_thread(checks_of, report, stored))
        sources = await self._revisit(run, report, stored) if refetch else ()
        return Verification(run=run.id, holds=holds(checks, sources), checks=checks, sources=sources)

    async def _report(self, run: RunDetail) -> tuple[Report | None, Check]:
        """The report, if it is still one, and the check of its two stored forms."""
        findings: list[Finding] = []
        report: Report | None = None
        for form in ("report", "markdown"):
            name = self.reports.name(run, form)
            data = await self._stored(run, name)
            if data is None:
                findings.append(Finding(where=form, what="is not stored any more"))
                continue
            if not is_named(data, name):
                findings.append(Finding(where=form, what="was changed: its bytes have another sha256"))
            if form == "report":
                try:
                    report = Report.model_validate_json(data)
                except ValidationError as error:
                    fault = error.errors(include_url=False, include_input=False)[0]
                    place = ".".join(map(str, fault["loc"]))
                    findings.append(Finding(where=form, what=f"is no report any more: {place} {fault['msg']}".replace(":  ", ": ")))
        return report, Check(name="report", checked=2, findings=tuple(findings))

    async def _stored(self, run: RunDetail, sha256: str, within: Sequence[str] = ()) -> bytes | None:
        try:
            return await self.reports.stored(run, sha256, within)
        except Permanent:
            return None

    async def _revisit(self, run: RunDetail, report: Report, stored: dict[str, bytes | None]) -> tuple[Revisited, ...]:
        turns = asyncio.Semaphore(_AT_ONCE)
        deadline = datetime.now(UTC) + timedelta(seconds=_SECONDS)

        async def one(reference: Reference) -> Revisited:
            context = StepContext(run=run.id, step=f"verify[{reference.number}]", agent="verify", attempt=1, deadline=deadline)
            async with turns:
                try:
                    page = await self.runtime.toolbox(context, _silent).browse_and_extract(reference.url)
                except StepError as error:
                    return unreadable(reference, error.detail)
            before = stored.get(reference.snapshot)
            today = page.text.encode("utf-8", "replace").decode("utf-8")
            return await asyncio.to_thread(revisited, reference, report, before.decode("utf-8", "replace") if before else None, today)

        return tuple(await asyncio.gather(*map(one, report.references)))


async def _silent(done: float, total: float, message: str) -> None:
    """Nobody watches."""
