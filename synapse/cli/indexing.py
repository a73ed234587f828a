"""Indexing with a progress bar."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from synapse.cli import consoles
from synapse.cli.text import counted, seconds, shown
from synapse.service.corpora import Corpora, Indexed

_COMPLAINTS: Final = 5
_OTHER: Final = re.compile(r"[^a-z0-9._-]+")


def index(path: Path | None, name: str | None = None, *, only_used: bool = False) -> Indexed:
    """Index a folder, or the documentation of installed packages, telling on stderr what could not be read."""
    corpora, console = Corpora(), consoles.err()
    what = f"Indexing {path}" if path is not None else "Indexing what Python packages document"
    columns = (TextColumn("{task.description}"), BarColumn(32), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int, _: str) -> None:
            bar.update(task, completed=done, total=total)

        indexed = _run(corpora, path, name, only_used, show)
    if path is None:
        # A module of somebody else's package that cannot be read is nothing that this user can mend.
        return indexed
    for reason in [*indexed.failed, *indexed.skipped][:_COMPLAINTS]:
        console.print(Text(f"not indexed: {shown(reason)}"), soft_wrap=True)
    further = len(indexed.failed) + len(indexed.skipped) - _COMPLAINTS
    if further > 0:
        console.print(Text(f"not indexed: {further} more"))
    return indexed


def _run(corpora: Corpora, path: Path | None, name: str | None, only_used: bool, show: Callable[[int, int, str], None]) -> Indexed:
    if path is None:
        return corpora.index_used(show) if only_used else corpora.index_installed(show)
    return corpora.index(path, name or name_of(path), show)


def name_of(path: Path) -> str:
    """A corpus name made of a folder's name."""
    return _OTHER.sub("-", path.resolve().name.lower())[:64].strip("-._") or "corpus"


def summary(indexed: Indexed) -> str:
    """What was done, in words."""
    changes = {"new": indexed.added, "changed": indexed.updated, "removed": indexed.removed, "unchanged": indexed.unchanged}
    told = ", ".join(f"{count:,} {what}" for what, count in changes.items() if count)
    return f"{counted(indexed.documents, 'document')}{f' ({told})' if told else ''} in {seconds(indexed.seconds)}"
