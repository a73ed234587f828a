"""Find sources worth reading."""

from __future__ import annotations

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import Found, RankedSource, SubQuestion
from synapse.contracts.toolbox import Toolbox
from synapse.research.rank import rank as fused
from synapse.research.rations import rationed


class SearchInput(BaseModel):
    """One sub-question, and where to look for it."""

    subquestion: SubQuestion
    corpus: str | None = Field(default=None, description="Only this local corpus; None: every provider.")
    limit: int = Field(default=10, ge=1, le=50)


class SearchOutput(Found):
    """What was found for the sub-question, best first, and which providers could not be asked."""


class RankInput(BaseModel):
    """The result lists of all sub-questions."""

    found: list[Found]
    limit: int = Field(default=8, ge=1, le=50)
    only: list[str] | None = Field(default=None, description="Ids of the sub-questions whose lists count; None: all.")
    known: list[str] = Field(default_factory=list, description="URLs that were read already.")
    max_domains: int | None = Field(default=None, ge=1, description="Registrable domains at most, those of the known URLs included.")
    max_bytes: int | None = Field(default=None, ge=0, description="Bytes for these and later pages together; None: no limit.")
    later: int = Field(default=0, ge=0, description="Pages that a later look may read at most: bytes are set aside for them.")


class RankOutput(BaseModel):
    """What to read, best first, and every provider failure met on the way, each once."""

    sources: list[RankedSource]
    failed: list[str] = Field(default_factory=list)
    page_bytes: int | None = Field(default=None, description="Bytes that each of these pages may have; None: no limit.")
    bytes_left: int | None = Field(default=None, description="Bytes that stay for later pages; None: no limit.")


@agent("search", timeout=60)
async def search(task: SearchInput, tools: Toolbox) -> SearchOutput:
    """Ask the providers for one sub-question."""
    results = await tools.search_web(task.subquestion.query, limit=task.limit, corpus=task.corpus)
    return SearchOutput(subquestion=task.subquestion.id, sources=results.sources, failed=results.failed)


@agent("search.rank", timeout=30)
async def rank(task: RankInput, tools: Toolbox) -> RankOutput:
    """Make one reading list of several result lists."""
    failed = dict.fromkeys(reason for found in task.found for reason in found.failed)
    wanted = [found for found in task.found if task.only is None or found.subquestion in task.only]
    sources = fused(wanted, limit=task.limit, known=task.known, max_domains=task.max_domains)
    if task.max_bytes is None:
        return RankOutput(sources=sources, failed=list(failed))
    each, left = rationed(task.max_bytes, len(sources), later=task.later)
    return RankOutput(sources=sources, failed=list(failed), page_bytes=each, bytes_left=left)
