"""What a verification found, on a terminal: a line for each check, then everything that does not hold by its name."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli.text import counted, short, shown
from synapse.contracts.verification import Check, Finding, Revisited, Today, Verification

_CHECKS: Final = {
    "report": "the report's files have their sha256",
    "snapshots": "stored pages have their sha256",
    "quotes": "quotes stand at their place",
    "sentences": "sentences rest on their quotes",
    "references": "references are numbered and placed",
}
_TODAY: Final = {
    Today.UNCHANGED: ("unchanged", "green"),
    Today.CHANGED: ("text changed, all quotes still there", "cyan"),
    Today.QUOTES_GONE: ("quotes gone", "red"),
    Today.GONE: ("gone", "red"),
}
_QUOTE: Final = 200


def view(found: Verification) -> RenderableType:
    """The verification as something rich prints."""
    checks = Table.grid(padding=(0, 2))
    for check in found.checks:
        checks.add_row(*_row(check))
    parts: list[RenderableType] = [checks]
    parts += [_finding(finding) for check in found.checks for finding in check.findings]
    if found.sources:
        parts += [Text(), *(part for source in found.sources for part in _source(source))]
    verdict = Text("All of it holds.", "green") if found.holds else Text("Not all of it holds.", "red")
    return Group(*parts, Text(), verdict)


def _row(check: Check) -> tuple[Text, Text, Text]:
    mark = Text("✗", "red") if check.findings else Text("✓", "green")
    found = counted(len(check.findings), "fault") if check.findings else "no fault"
    return mark, Text(_CHECKS.get(check.name, shown(check.name))), Text(f"{check.checked:,} checked, {found}")


def _finding(finding: Finding) -> Text:
    return Text(f"  {shown(finding.where)}: {shown(finding.what)}")


def _source(source: Revisited) -> list[RenderableType]:
    said, colour = _TODAY[source.today]
    why = f" ({shown(source.error)})" if source.error else ""
    line = Text(f"[{source.number}] {shown(source.url)}: ") + Text(said, colour) + Text(why)
    return [line, *(Text(f"  {shown(quote.where)}: “{short(quote.what, _QUOTE)}”") for quote in source.quotes)]
