"""What an agent may ask of the world. Agents see this protocol only; `synapse.tools` has it over MCP and in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import Field

from synapse.contracts.evidence import Frozen, Page, Source
from synapse.contracts.llm import Model, Usage


class StepContext(Frozen):
    """Who is asking: identifies the attempt, and bounds it."""

    run: str
    step: str = Field(description="The step's path, e.g. 'read[3]'.")
    agent: str
    attempt: int
    deadline: datetime | None = Field(default=None, description="When the attempt's time is up; calls must end before.")
    traceparent: str | None = None

    @property
    def idempotency_key(self) -> str:
        """Stable over attempts: the outside can recognise a repeated request by it."""
        return f"{self.run}:{self.step}"


class SearchResults(Frozen):
    """Ranked sources, best first, and which providers could not be asked."""

    sources: tuple[Source, ...]
    failed: tuple[str, ...] = Field(default=(), description="'provider: reason' for each that failed.")


class SavedFile(Frozen):
    """A file inside one of the operator's roots."""

    path: str = Field(description="Relative to its root.")
    uri: str = Field(description="Where a person finds it.")
    sha256: str
    bytes: int


class Toolbox(Protocol):
    """The tools of one step attempt. Every call raises `synapse.errors.StepError` kinds: Transient, StepTimeout, Permanent."""

    @property
    def context(self) -> StepContext:
        """Who is asking."""

    async def search_web(self, query: str, *, limit: int = 10, corpus: str | None = None) -> SearchResults:
        """Ranked sources for a query; with ``corpus`` only that local corpus is asked."""

    async def browse_and_extract(self, url: str, *, max_bytes: int | None = None) -> Page:
        """The main text of the page at a URL that a search gave; ``max_bytes`` bounds what is fetched for it."""

    async def save_file(self, path: str, content: str) -> SavedFile:
        """Write a text file below the output root, whole or not at all."""

    async def read_file(self, path: str) -> str:
        """Read a text file below the output root."""

    async def put_blob(self, data: bytes) -> str:
        """Store bytes; returns their sha256 in hex. Storing the same bytes again is harmless."""

    async def get_blob(self, sha256: str) -> bytes:
        """The bytes stored under that sha256. Raises Permanent when there are none."""

    async def progress(self, done: float, total: float, message: str = "") -> None:
        """Say how far the step is; shown live, never needed for correctness."""

    def model(self, spent: Usage) -> Model | None:
        """The operator's language model with what is left of the run's budget after ``spent``; None when there is none."""
