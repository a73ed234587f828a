"""Building a corpus: what changed is read again, in two processes, and the new file takes the old one's place in one step."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from synapse.corpus.schema import SCHEMA, SUFFIX, VERSION, checked_name, dunders_told, names_split, sections_of
from synapse.errors import SynapseError
from synapse.extract.blocks import Extracted
from synapse.extract.document import VERSION as EXTRACTOR_VERSION

Progress = Callable[[int, int, str], None]
"""(documents done, documents in all, path of the last one)."""


@dataclass(frozen=True)
class Entry:
    """A document to be: its path in the corpus, the file it is read from, and what tells one content from another."""

    path: str
    file: str
    hash: str
    media_type: str
    title: str = ""
    """For readers that cannot tell it from the bytes."""


Reader = Callable[[Entry], Extracted]
"""Reads one entry; runs in another process, so it is a function of a module."""


@dataclass
class IndexReport:
    """What indexing did, in documents. ``failed`` and ``skipped`` give 'path: reason' for each."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def documents(self) -> int:
        """How many the corpus now has."""
        return self.added + self.updated + self.unchanged


# Nobody reads a draft and a broken one is thrown away: its durability comes from the fsync before it is published.
_DRAFT = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
_WORKERS = 2
_SMALL = 40
"""Entries: so few are read faster here than a second process starts."""


def index_entries(
    entries: Sequence[Entry], reader: Reader, name: str, corpora: Path, progress: Progress | None = None, report: IndexReport | None = None
) -> IndexReport:
    """Make the corpus of that name hold exactly these documents. Raises InvalidInput for a bad name, OSError when it cannot write.

    A reader sees the old corpus until the new one is complete on disk. A second indexer of the same corpus waits for the first.
    """
    started = time.monotonic()
    report = report or IndexReport()
    checked_name(name)
    corpora.mkdir(parents=True, exist_ok=True)
    with _only_indexer(corpora / f".{name}.lock"):
        target, draft = corpora / (name + SUFFIX), corpora / f".{name}.{os.getpid()}.draft"
        try:
            connection = _begin(target, draft)
            try:
                _update(connection, entries, reader, progress, report)
            finally:
                connection.close()
            _publish(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    report.seconds = time.monotonic() - started
    return report


@contextmanager
def _only_indexer(lock: Path) -> Iterator[None]:
    # The lock goes with the process that held it, killed or not; the empty file stays.
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _begin(target: Path, draft: Path) -> sqlite3.Connection:
    """A draft to work on: a copy of the corpus if this version can continue it, else an empty one."""
    if target.is_file():
        shutil.copyfile(target, draft)
        connection = sqlite3.connect(draft, isolation_level=None)
        with suppress(sqlite3.DatabaseError):
            connection.executescript(_DRAFT)
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            if (meta.get("version"), meta.get("extractor")) == (VERSION, str(EXTRACTOR_VERSION)):
                return connection
        connection.close()
        draft.unlink()
    connection = sqlite3.connect(draft, isolation_level=None)
    connection.executescript(_DRAFT + SCHEMA)
    return connection


def _publish(draft: Path, target: Path) -> None:
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _update(
    connection: sqlite3.Connection, entries: Sequence[Entry], reader: Reader, progress: Progress | None, report: IndexReport
) -> None:
    known: dict[str, tuple[int, str]] = {
        path: (id_, hash_) for id_, path, hash_ in connection.execute("SELECT id, path, hash FROM documents")
    }
    wanted = {entry.path: entry for entry in entries}
    changed = [entry for entry in wanted.values() if entry.path not in known or known[entry.path][1] != entry.hash]
    report.unchanged += len(wanted) - len(changed)
    connection.execute("BEGIN")
    for path in known.keys() - wanted.keys():
        _remove(connection, known[path][0])
        report.removed += 1
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for done, (entry, result) in enumerate(_read_all(changed, reader), start=1):
        if isinstance(result, str):
            report.failed.append(f"{entry.path}: {result}")
        if entry.path in known:
            _remove(connection, known[entry.path][0])
            report.updated += not isinstance(result, str)
        else:
            report.added += not isinstance(result, str)
        if not isinstance(result, str):
            _add(connection, entry, result, now)
        if progress:
            progress(done, len(changed), entry.path)
    (documents,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    (rows,) = connection.execute("SELECT count(*) FROM sections").fetchone()
    if changed:
        connection.execute("INSERT INTO search (search) VALUES ('optimize')")
    meta = {"version": VERSION, "extractor": str(EXTRACTOR_VERSION), "documents": documents, "rows": rows, "built_at": now}
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in meta.items()])
    connection.execute("COMMIT")


def _add(connection: sqlite3.Connection, entry: Entry, document: Extracted, now: str) -> None:
    title = document.title or entry.path.rpartition("/")[2]
    cursor = connection.execute(
        "INSERT INTO documents (path, hash, media_type, indexed_at, title, published, language, authors, pages) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            entry.path,
            entry.hash,
            document.media_type or entry.media_type,
            now,
            title,
            document.published,
            document.language,
            json.dumps(document.authors),
            json.dumps(document.pages),
        ),
    )
    for heading, body in sections_of(document):
        section = connection.execute("INSERT INTO sections (document, heading, body) VALUES (?,?,?)", (cursor.lastrowid, heading, body))
        words = (section.lastrowid, names_split(title), names_split(heading), dunders_told(body))
        connection.execute("INSERT INTO search (rowid, title, heading, body) VALUES (?,?,?,?)", words)


def _remove(connection: sqlite3.Connection, document: int) -> None:
    (title,) = connection.execute("SELECT title FROM documents WHERE id = ?", (document,)).fetchone()
    for id_, heading, body in connection.execute("SELECT id, heading, body FROM sections WHERE document = ?", (document,)).fetchall():
        # An index without content has to be told the old words to forget them.
        words = (id_, names_split(title), names_split(heading), dunders_told(body))
        connection.execute("INSERT INTO search (search, rowid, title, heading, body) VALUES ('delete',?,?,?,?)", words)
    connection.execute("DELETE FROM sections WHERE document = ?", (document,))
    connection.execute("DELETE FROM documents WHERE id = ?", (document,))


def _read_all(entries: Sequence[Entry], reader: Reader) -> Iterator[tuple[Entry, Extracted | str]]:
    """Each entry with its text or the reason why there is none."""
    attempt = partial(_read, reader)
    if len(entries) <= _SMALL:
        yield from ((entry, attempt(entry)) for entry in entries)
        return
    # Spawned, not forked: the caller may have threads, and a fork would copy their locks as they stand.
    with ProcessPoolExecutor(_WORKERS, mp_context=get_context("spawn")) as pool:
        yield from zip(entries, pool.map(attempt, entries, chunksize=8), strict=True)


def _read(reader: Reader, entry: Entry) -> Extracted | str:
    try:
        document = reader(entry)
    except SynapseError as error:
        return error.detail
    except (OSError, RecursionError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return document if document.text.strip() else "no text in it"
