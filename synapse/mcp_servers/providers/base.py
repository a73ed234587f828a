"""What a search provider is, and how often it lets itself be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from synapse.contracts.evidence import Source
from synapse.errors import Transient


class SearchProvider(Protocol):
    """Finds sources for a query."""

    @property
    def name(self) -> str:
        """As it is named in results and failures, e.g. 'searxng'."""

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """At most ``limit`` sources, best first, and 'part: reason' for parts that failed.

        Raises `synapse.errors.SynapseError` when it failed as a whole.
        """


@dataclass(frozen=True)
class Pace:
    """What a provider asks of its callers: requests per second in the long run, and how many may come at once."""

    per_second: float
    burst: int = 1


class Limited(Transient):
    """The provider asked for a pause."""

    def __init__(self, detail: str, pause: float | None = None) -> None:
        super().__init__(detail)
        self.pause = pause
        """Seconds, as the provider said; None when it did not say."""
