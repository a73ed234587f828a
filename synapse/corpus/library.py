"""All corpora of a folder, opened when asked for and anew when an indexer has replaced one."""

from __future__ import annotations

import threading
from pathlib import Path

from synapse.contracts.evidence import Page, Source
from synapse.corpus.schema import SUFFIX
from synapse.corpus.store import Corpus, parse_url
from synapse.errors import NotFound, SynapseError


class Library:
    """The corpora below one folder. Safe for threads; blocking, so call it off the event loop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._open: dict[str, tuple[tuple[int, int, int], Corpus]] = {}

    def names(self) -> list[str]:
        """The names of all corpora, in order."""
        if not self.folder.is_dir():
            return []
        return sorted(file.name.removesuffix(SUFFIX) for file in self.folder.glob(f"*{SUFFIX}") if not file.name.startswith("."))

    def corpus(self, name: str) -> Corpus:
        """The corpus of that name as it is on disk now. Raises NotFound or InvalidInput."""
        file = self.folder / (name + SUFFIX)
        with self._lock:
            known = self._open.get(name)
            try:
                status = file.stat()
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            except (OSError, ValueError):
                stamp = (0, 0, 0)
            if known is not None and known[0] == stamp:
                return known[1]
            opened = Corpus.open(self.folder, name)
            if known is not None:
                known[1].close()
            self._open[name] = (stamp, opened)
            return opened

    def search(self, question: str, limit: int) -> tuple[list[Source], list[str]]:
        """The best of all corpora, and 'name: reason' for each that could not be asked. Scores of corpora are comparable enough."""
        found: list[Source] = []
        failed: list[str] = []
        for name in self.names():
            try:
                found.extend(self.corpus(name).search(question, limit))
            except (SynapseError, OSError) as error:
                failed.append(f"corpus {name}: {error}")
        return sorted(found, key=lambda source: -source.score)[:limit], failed

    def document(self, url: str) -> Page:
        """The document at a corpus URL. Raises NotFound."""
        name, path = parse_url(url)
        if name not in self.names():
            raise NotFound(f"there is no corpus {name[:64]!r}")
        return self.corpus(name).document(path)

    def close(self) -> None:
        """Close every corpus."""
        with self._lock:
            corpora, self._open = [corpus for _, corpus in self._open.values()], {}
        for corpus in corpora:
            corpus.close()
