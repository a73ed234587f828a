"""Read a source and keep what it said."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.evidence import RankedSource, Snapshot
from synapse.contracts.toolbox import Toolbox
from synapse.errors import Permanent
from synapse.research.origin import origin_of


class ExtractionInput(BaseModel):
    """One source to read."""

    source: RankedSource
    max_bytes: int | None = Field(
        default=None, ge=0, description="Its share of the run's bytes: of what is fetched, and of its text; None: no limit."
    )


class ExtractionOutput(Snapshot):
    """The stored page."""


@agent("extraction", timeout=90)
async def extraction(task: ExtractionInput, tools: Toolbox) -> ExtractionOutput:
    """Store the main text of a source. Permanent when there is none or too much of it: reading it again would give the same again."""
    page = await tools.browse_and_extract(task.source.url, max_bytes=task.max_bytes)
    # Lone surrogates cannot be stored as UTF-8, and the offsets of every quote count in what is stored.
    data = page.text.encode("utf-8", "replace")
    text = data.decode("utf-8")
    if not text.strip():
        raise Permanent("the page has no readable text")
    if task.max_bytes is not None and len(data) > task.max_bytes:
        raise Permanent(f"its text is larger than its share of the bytes that the run may take ({task.max_bytes})")
    stored = await tools.put_blob(data)
    if stored != hashlib.sha256(data).hexdigest():
        raise Permanent("the blob store gave another name than the text's sha256")
    return ExtractionOutput(
        id=stored,
        url=page.final_url,
        title=page.title.strip() or task.source.title.strip(),
        origin=origin_of(page.final_url),
        media_type=page.media_type,
        fetched_at=page.fetched_at,
        published=page.published,
        authors=page.authors,
        language=page.language,
        length=len(text),
        pages=page.pages,
        subquestions=task.source.subquestions,
    )
