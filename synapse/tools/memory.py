"""The toolbox without a world: everything in memory, for tests of agents and of whole runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from synapse.contracts.evidence import Page, Source
from synapse.contracts.llm import Model, Usage
from synapse.contracts.toolbox import SavedFile, SearchResults, StepContext
from synapse.errors import Permanent, StepError

Search = Callable[[str, int, str | None], Sequence[Source]]
"""(query, limit, corpus) → sources, best first."""

_SOME_CONTEXT = StepContext(run="run-1", step="step", agent="test", attempt=1)


class MemoryBlobs:
    """Blobs in a dictionary."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    async def put(self, data: bytes) -> str:
        """Store bytes; returns their sha256 in hex."""
        name = hashlib.sha256(data).hexdigest()
        self.blobs[name] = data
        return name

    async def get(self, sha256: str) -> bytes:
        """The bytes of that name. Raises Permanent when there are none."""
        if sha256 not in self.blobs:
            raise Permanent(f"there is no blob {sha256[:12]}…")
        return self.blobs[sha256]


@dataclass
class MemoryToolbox:
    """Pages by URL, a search over them, files and blobs in dictionaries; what it was asked is kept.

    ``failures`` maps a URL, a file's path or a query to errors: one is raised for each call, in order, before calls succeed.
    """

    pages: Mapping[str, Page | str] = field(default_factory=dict)
    search: Search | None = None
    failures: dict[str, list[StepError]] = field(default_factory=dict)
    failed_providers: tuple[str, ...] = ()
    context: StepContext = _SOME_CONTEXT
    files: dict[str, str] = field(default_factory=dict)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bounds: list[int | None] = field(default_factory=list)
    reported: list[tuple[float, float, str]] = field(default_factory=list)
    language_model: Callable[[Usage], Model | None] = lambda spent: None

    def fail(self, what: str, *errors: StepError) -> None:
        """Let the next calls for this URL, path or query fail, each with the next of these errors."""
        self.failures.setdefault(what, []).extend(errors)

    async def search_web(self, query: str, *, limit: int = 10, corpus: str | None = None) -> SearchResults:
        """What the search function gives; by default pages that share a word with the query, most words first."""
        self._called("search_web", query)
        found = (self.search or self._by_words)(query, limit, corpus)
        return SearchResults(sources=tuple(found)[:limit], failed=self.failed_providers)

    async def browse_and_extract(self, url: str, *, max_bytes: int | None = None) -> Page:
        """The page at that URL. Raises Permanent when there is none. Nothing is fetched here, so there is nothing to bound."""
        self._called("browse_and_extract", url)
        self.bounds.append(max_bytes)
        if url not in self.pages:
            raise Permanent(f"browse_and_extract: there is no page at {url}")
        return self._page(url)

    async def save_file(self, path: str, content: str) -> SavedFile:
        """Keep a file."""
        self._called("save_file", path)
        if path.startswith("/") or ".." in path.split("/"):
            raise Permanent(f"save_file: {path!r} is not below the root")
        self.files[path] = content
        data = content.encode()
        return SavedFile(path=path, uri=f"memory:///{path}", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    async def read_file(self, path: str) -> str:
        """A file kept before. Raises Permanent when there is none."""
        self._called("read_file", path)
        if path not in self.files:
            raise Permanent(f"read_file: there is no file {path!r}")
        return self.files[path]

    async def put_blob(self, data: bytes) -> str:
        """Store bytes; returns their sha256 in hex."""
        return await self.blobs.put(data)

    async def get_blob(self, sha256: str) -> bytes:
        """The bytes stored under that sha256."""
        return await self.blobs.get(sha256)

    async def progress(self, done: float, total: float, message: str = "") -> None:
        """Keep what was reported."""
        self.reported.append((done, total, message))

    def model(self, spent: Usage) -> Model | None:
        """What ``language_model`` gives; by default none."""
        return self.language_model(spent)

    def _called(self, tool: str, what: str) -> None:
        self.calls.append((tool, what))
        if self.failures.get(what):
            raise self.failures[what].pop(0)

    def _page(self, url: str) -> Page:
        page = self.pages[url]
        if isinstance(page, Page):
            return page
        return Page(url=url, final_url=url, title=page.split("\n", 1)[0], text=page, fetched_at=datetime(2026, 1, 1, tzinfo=UTC))

    def _by_words(self, query: str, limit: int, corpus: str | None) -> Sequence[Source]:
        words = set(query.lower().split())
        prefix = f"corpus://{corpus}/" if corpus is not None else ""
        scored = [(len(words & set(self._page(url).text.lower().split())), url) for url in self.pages if url.startswith(prefix)]
        best = sorted((entry for entry in scored if entry[0]), key=lambda entry: (-entry[0], entry[1]))
        return [Source(url=url, title=self._page(url).title, provider="memory", score=score) for score, url in best[:limit]]
