"""Read a source and keep what it said."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel

from synapse.contracts.agent import agent
from synapse.contracts.evidence import RankedSource, Snapshot
from synapse.contracts.toolbox import Toolbox
from synapse.errors import Permanent
from synapse.research.origin import origin_of


class ExtractionInput(BaseModel):
    """One source to read."""

    source: RankedSource


class ExtractionOutput(Snapshot):
    """The stored page."""


@agent("extraction", timeout=90)
async def extraction(task: ExtractionInput, tools: Toolbox) -> ExtractionOutput:
    """Store the main text of a source. Permanent when there is none: reading it again would give none again."""
    page = await tools.browse_and_extract(task.source.url)
    # Lone surrogates cannot be stored as UTF-8, and the offsets of every quote count in what is stored.
    text = page.text.encode("utf-8", "replace").decode("utf-8")
    if not text.strip():
        raise Permanent("the page has no readable text")
    stored = await tools.put_blob(text.encode("utf-8"))
    if stored != hashlib.sha256(text.encode("utf-8")).hexdigest():
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
