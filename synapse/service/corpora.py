"""Local corpora: made of a folder, or of the documentation that comes with the installed Python packages."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path
from typing import Final

from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.corpus.distributions import DEFAULT_NAME, index_distributions
from synapse.corpus.folder import index_folder
from synapse.corpus.index import IndexReport
from synapse.corpus.library import Library
from synapse.corpus.schema import checked_name
from synapse.settings import McpServerSettings, StorageSettings

USED_NAME: Final = "synapse-stack"
_OWN_DISTRIBUTION: Final = "synapse-research"
_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9._-]+")

Progress = Callable[[int, int, str], None]
"""(documents done, documents in all, path of the last one)."""


class Indexed(Frozen):
    """What indexing did, in documents."""

    name: str
    documents: int = Field(description="How many the corpus now has.")
    added: int
    updated: int
    removed: int
    unchanged: int
    failed: tuple[str, ...] = Field(default=(), description="'path: reason' for each that could not be read.")
    skipped: tuple[str, ...] = Field(default=(), description="'path: reason' for each that was left out.")
    seconds: float


class Corpora:
    """The corpora of this machine, where the primary MCP server looks for them."""

    def __init__(self, storage: StorageSettings | None = None, servers: McpServerSettings | None = None) -> None:
        self.folder = (servers or McpServerSettings()).corpus_dir or (storage or StorageSettings()).home / "corpora"

    def index(self, source: Path, name: str, progress: Progress | None = None) -> Indexed:
        """Make a corpus of a folder's documents, or bring it up to date: only what changed is read.

        Raises InvalidInput for a bad name and for a source that is no folder.
        """
        return _indexed(name, index_folder(source, checked_name(name), self.folder, progress))

    def names(self) -> list[str]:
        """The names of all corpora, in order."""
        return Library(self.folder).names()

    def index_used(self, progress: Progress | None = None) -> Indexed:
        """Make or update the corpus of what the packages that Synapse itself is built on say about themselves."""
        return _indexed(USED_NAME, index_distributions(self.folder, USED_NAME, _used(), progress))

    def index_installed(self, progress: Progress | None = None) -> Indexed:
        """Make or update the corpus of the installed Python packages' documentation."""
        return _indexed(DEFAULT_NAME, index_distributions(self.folder, progress=progress))


def _used() -> set[str]:
    """Names of the distributions that Synapse asks for, extras aside."""
    wanted = requires(_OWN_DISTRIBUTION) or []
    return {match.group() for line in wanted if "extra ==" not in line and (match := _REQUIREMENT.match(line))}


def _indexed(name: str, report: IndexReport) -> Indexed:
    return Indexed(
        name=name,
        documents=report.documents,
        added=report.added,
        updated=report.updated,
        removed=report.removed,
        unchanged=report.unchanged,
        failed=tuple(report.failed),
        skipped=tuple(report.skipped),
        seconds=round(report.seconds, 3),
    )
