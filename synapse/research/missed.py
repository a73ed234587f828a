"""What a report owns up to: the searches that failed and the pages that could not be read, and why."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from synapse.contracts.evidence import Skipped
from synapse.contracts.report import Missed
from synapse.research.text import squeeze

_MOST_TEXT = 300


def missed(failed_providers: Iterable[str], searches: Iterable[Skipped], sources: Iterable[Skipped]) -> list[Missed]:
    """One entry for each provider, search and page that gave nothing, each once, in that order."""
    found = [_provider(text) for text in failed_providers]
    found += [Missed(what=f"Search “{_named(each.item, 'text')}”", reason=_reason(each)) for each in searches]
    found += [Missed(what=_named(each.item, "title", "url"), reason=_reason(each)) for each in sources]
    return list(dict.fromkeys(found))


def _provider(text: str) -> Missed:
    name, _, reason = text.partition(":")
    return Missed(what=f"Search provider {_cut(name)}", reason=_cut(reason) or "could not be asked")


def _named(item: JsonValue, *fields: str) -> str:
    """What the skipped member was about; a page by its title and address."""
    record = item if isinstance(item, dict) else {}
    inner = record.get("source") or record.get("subquestion")
    record = inner if isinstance(inner, dict) else record
    parts = [_cut(str(record[field])) for field in fields if record.get(field)]
    return " — ".join(parts) or "unknown"


def _reason(skipped: Skipped) -> str:
    return _cut(skipped.error.message) or skipped.error.code


def _cut(text: str) -> str:
    plain = squeeze(text)
    return plain if len(plain) <= _MOST_TEXT else plain[: _MOST_TEXT - 1] + "…"
