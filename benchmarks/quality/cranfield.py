"""Questions of engineers to abstracts of aerodynamics: `synapse.corpus` beside plain FTS5 with the same tokenizer."""

from __future__ import annotations

import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from benchmarks.quality.data import folder, lines
from benchmarks.quality.score import mean, ndcg
from synapse.corpus.folder import index_folder
from synapse.corpus.store import Corpus

FLOOR = {"nDCG@10": 0.42}

_WORD = re.compile(r"\w+")


def measure() -> Mapping[str, Mapping[str, float]]:
    """nDCG of the first ten, and the mean time of a search in ms."""
    found = folder("cranfield")
    documents, questions = lines(found / "documents.jsonl"), lines(found / "queries-dev.jsonl")

    def figures(search: Callable[[str], list[str]]) -> dict[str, float]:
        began = time.perf_counter()
        ranked = [search(question["query"]) for question in questions]
        taken = (time.perf_counter() - began) / len(questions) * 1000
        return {"nDCG@10": mean(ndcg(one, question["relevant"]) for one, question in zip(ranked, questions, strict=True)), "ms": taken}

    with tempfile.TemporaryDirectory(prefix="synapse-cranfield-") as name:
        corpus = _corpus(Path(name), documents)
        synapse = figures(lambda query: [unquote(hit.url).rpartition("/")[2].removesuffix(".md") for hit in corpus.search(query, 10)])
        corpus.close()
    connection = _plain(documents)
    plain = figures(lambda query: _plainly(connection, query))
    connection.close()
    return {"synapse": synapse, "FTS5 BM25, porter": plain}


def _corpus(place: Path, documents: list[dict[str, str]]) -> Corpus:
    """The documents as files of a folder, indexed as any folder is."""
    pages = place / "pages"
    pages.mkdir()
    for document in documents:
        body = document["text"].removeprefix(document["title"]).strip()
        (pages / f"{document['id']}.md").write_text(f"# {document['title']}\n\n{body}\n", "utf-8")
    index_folder(pages, "cranfield", place / "corpora")
    return Corpus.open(place / "corpora", "cranfield")


def _plain(documents: list[dict[str, str]]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE pages USING fts5(id UNINDEXED, body, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO pages VALUES (?, ?)", [(document["id"], document["text"]) for document in documents])
    return connection


def _plainly(connection: sqlite3.Connection, query: str) -> list[str]:
    wanted = " OR ".join(f'"{word}"' for word in _WORD.findall(query))
    return [row[0] for row in connection.execute("SELECT id FROM pages WHERE pages MATCH ? ORDER BY bm25(pages) LIMIT 10", (wanted,))]
