"""A question to a report through the real parts, in one process: plan, corpus search, rank, read, check, compose."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from synapse.contracts.evidence import Found, Snapshot
from synapse.contracts.report import Report
from synapse.corpus.folder import index_folder
from synapse.corpus.library import Library
from synapse.research.citations import check
from synapse.research.compose import compose
from synapse.research.ledger import build
from synapse.research.origin import origin_of
from synapse.research.passages import Document
from synapse.research.plan import plan
from synapse.research.rank import rank

DOCUMENTS = Path(__file__).with_name("documents")
_HITS, _PAGES = 12, 8
"""As many as the research workflow asks for by default."""


def library(corpora: Path) -> Library:
    """The documents as a corpus in that folder."""
    index_folder(DOCUMENTS, "handbook", corpora)
    return Library(corpora)


def ask(question: str, documents: Library) -> tuple[Report, Mapping[str, tuple[str, str]]]:
    """The report on one question, and each page's address and text by its snapshot. ValueError when the citation check faults it."""
    parts = plan(question)
    found = [Found(subquestion=part.id, sources=tuple(documents.search(part.query, _HITS)[0])) for part in parts]
    pages: dict[str, Document] = {}
    for source in rank(found, limit=_PAGES):
        page = documents.document(source.url)
        name = hashlib.sha256(page.text.encode()).hexdigest()
        snapshot = Snapshot(
            id=name,
            url=page.final_url,
            title=page.title or source.title,
            origin=origin_of(page.final_url),
            media_type=page.media_type,
            fetched_at=page.fetched_at,
            published=page.published,
            length=len(page.text),
            subquestions=source.subquestions,
        )
        pages.setdefault(name, Document(snapshot, page.text))
    ledger = build(parts, list(pages.values()))
    report = compose(question, parts, ledger.claims, ledger.evidence, [page.snapshot for page in pages.values()])
    if faults := check(report, {name: page.text for name, page in pages.items()}):
        raise ValueError(f"{faults[0].where}: {faults[0].what}")
    return report, {name: (page.snapshot.url, page.text) for name, page in pages.items()}
