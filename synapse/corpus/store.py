"""Reading a corpus: search it, get a document of it. Safe for threads; several readers and an indexer do not meet."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

from synapse.contracts.evidence import Page, Source
from synapse.corpus.query import match_expression, terms_of
from synapse.corpus.ranking import BODY_WEIGHT, CANDIDATES, HEADING_WEIGHT, TITLE_WEIGHT, Candidate, rank
from synapse.corpus.schema import SUFFIX, VERSION, checked_name
from synapse.corpus.snippet import snippet_of
from synapse.errors import NotFound

SCHEME = "corpus://"

_SEARCH = """
SELECT d.id, d.path, d.title, s.heading, s.body, -hit.score FROM (
  SELECT rowid, bm25(search, ?, ?, ?) AS score FROM search WHERE search MATCH ? ORDER BY score LIMIT ?) AS hit
JOIN sections AS s ON s.id = hit.rowid JOIN documents AS d ON d.id = s.document
"""


def url_of(corpus: str, path: str) -> str:
    """The URL of a corpus document, e.g. ``corpus://python-docs/library/functools.html``."""
    return f"{SCHEME}{corpus}/{quote(path)}"


def parse_url(url: str) -> tuple[str, str]:
    """(corpus, path) of a corpus URL. Raises NotFound when it names none."""
    corpus, _, path = url.removeprefix(SCHEME).partition("#")[0].partition("/")
    if not url.startswith(SCHEME) or not corpus or not path:
        raise NotFound("no such corpus document: the URL must look like corpus://NAME/path")
    return corpus, unquote(path)


@dataclass
class Corpus:
    """One open corpus file. It stays readable, as it was, when a newer one takes its place on disk."""

    name: str
    file: Path
    documents: int
    rows: int

    def __post_init__(self) -> None:
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, corpora: Path, name: str) -> Corpus:
        """Open the corpus of that name below a folder of corpora. Raises NotFound when there is none that can be read."""
        file = corpora / (checked_name(name) + SUFFIX)
        if not file.is_file():
            raise NotFound(f"there is no corpus {name!r}")
        corpus = cls(name=name, file=file, documents=0, rows=0)
        try:
            with corpus._connection() as connection:
                meta = dict(connection.execute("SELECT key, value FROM meta"))
        except sqlite3.DatabaseError as error:
            raise NotFound(f"the corpus {name!r} cannot be read: {error}") from error
        if meta.get("version") != VERSION:
            corpus.close()
            raise NotFound(f"the corpus {name!r} was built by another version: index it again")
        corpus.documents, corpus.rows = int(meta["documents"]), int(meta["rows"])
        return corpus

    def search(self, question: str, limit: int = 10) -> list[Source]:
        """Documents that answer best, best first, each once, with the passage that matched. Milliseconds; call it in a thread."""
        with self._connection() as connection:
            terms = terms_of(connection, question, self.rows)
            if not terms:
                return []
            arguments = (TITLE_WEIGHT, HEADING_WEIGHT, BODY_WEIGHT, match_expression(terms), CANDIDATES)
            candidates = [Candidate(*row) for row in connection.execute(_SEARCH, arguments)]
        hits = rank(candidates, terms)[:limit]
        return [
            Source(
                url=url_of(self.name, hit.candidate.path),
                title=hit.candidate.title or hit.candidate.path,
                snippet=snippet_of(hit.candidate.text, terms),
                provider="corpus",
                score=round(hit.score, 4),
            )
            for hit in hits
        ]

    def document(self, path: str) -> Page:
        """The document at a path as it was extracted when indexed. Raises NotFound when there is none."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT id, title, media_type, indexed_at, published, language, authors, pages FROM documents WHERE path = ?", (path,)
            ).fetchone()
            bodies = (
                [] if row is None else connection.execute("SELECT body FROM sections WHERE document = ? ORDER BY id", row[:1]).fetchall()
            )
        if row is None:
            raise NotFound(f"the corpus {self.name!r} has no document {path[:200]!r}")
        _, title, media_type, indexed_at, published, language, authors, pages = row
        url = url_of(self.name, path)
        return Page(
            url=url,
            final_url=url,
            title=title,
            text="".join(body for (body,) in bodies),
            media_type=media_type,
            fetched_at=datetime.fromisoformat(indexed_at),
            published=published,
            language=language,
            authors=tuple(json.loads(authors)),
            pages=tuple(json.loads(pages)),
        )

    def paths(self) -> list[str]:
        """The paths of all documents, in order."""
        with self._connection() as connection:
            return [row[0] for row in connection.execute("SELECT path FROM documents ORDER BY path")]

    def close(self) -> None:
        """Close idle connections; one in use is closed when it is given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            # immutable: the file is never written in place, so no locks and no write access are needed.
            uri = f"file:{quote(str(self.file.absolute()))}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        try:
            yield connection
        finally:
            with self._lock:
                keep = not self._closed and len(self._idle) < 8
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()
