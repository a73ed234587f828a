"""Whether a report's citations hold, looked up in the documents by other code than the product's own check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from synapse.contracts.report import Report
from synapse.research.render import markdown

_ADDRESS = re.compile(r"\b(?:https?|corpus)://[^\s`<>()\[\]\"”]+")


@dataclass
class Citations:
    """Counts over reports."""

    quotes: int = 0
    resolved: int = 0
    sentences: int = 0
    cited: int = 0
    addresses: int = 0
    unknown: int = 0

    def add(self, report: Report, texts: Mapping[str, tuple[str, str]]) -> None:
        """Count one report. ``texts`` maps a snapshot's id to its address and its text."""
        for item in report.evidence:
            self.quotes += 1
            self.resolved += item.snapshot in texts and texts[item.snapshot][1][item.start : item.end] == item.quote != ""
        known = {item.id for item in report.evidence}
        told = [*report.answer, *(sentence for section in report.sections for sentence in section.sentences)]
        self.sentences += len(told)
        self.cited += sum(bool(sentence.evidence) and known.issuperset(sentence.evidence) for sentence in told)
        addresses = _ADDRESS.findall(markdown(report))
        self.addresses += len(addresses)
        self.unknown += sum(not any(address == url or address in text for url, text in texts.values()) for address in addresses)

    def line(self) -> str:
        """The counts in words."""
        return (
            f"citations: {self.resolved} of {self.quotes} quotes stand at their offsets;"
            f" {self.cited} of {self.sentences} sentences cite one; {self.unknown} of {self.addresses} addresses were in no source"
        )
