"""Workflows on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from synapse.cli import tables
from synapse.cli.text import short, shown, shown_lines
from synapse.contracts.catalogue import Validation, VersionList, WorkflowView


def table(found: list[WorkflowView]) -> RenderableType:
    """All of them, a row each."""
    made = tables.table("name", "version", "from", "")
    for each in found:
        about = Text(short(each.description, 200), no_wrap=True, overflow="ellipsis")
        made.add_row(each.name, str(each.version), each.source, about)
    return made


def versions(found: VersionList) -> RenderableType:
    """Each version, a row each."""
    made = tables.table("version", "made", "digest", "by")
    for each in found.versions:
        at = f"{each.created_at.astimezone():%Y-%m-%d %H:%M}" if each.created_at is not None else ""
        made.add_row(str(each.version), at, each.digest[:12], Text(shown(each.created_by or "")))
    return made


def definition(found: WorkflowView) -> str:
    """The definition as it would be written."""
    import yaml

    return shown_lines(yaml.safe_dump(found.definition, sort_keys=False, allow_unicode=True, width=120))


def validation(found: Validation) -> str:
    """Whether it holds, and every fault, a line each."""
    if found.valid:
        return f"{found.name} is valid"
    lines = (f"{fault.path or 'the whole'}: {fault.detail}" + (f" ({fault.remedy})" if fault.remedy else "") for fault in found.faults)
    return "\n".join(shown(line) for line in lines)
