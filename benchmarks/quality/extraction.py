"""Pages of the web to the text of their article: `synapse.extract` beside plain trafilatura."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping

from benchmarks.quality.data import folder
from benchmarks.quality.score import f1, mean, text_overlap
from synapse.extract.document import extract

FLOOR = {"F1": 0.965, "precision": 0.964}


def measure() -> Mapping[str, Mapping[str, float]]:
    """Macro precision and recall of four-word shingles, and their F1."""
    found = folder("extraction")
    pages = {name: page["articleBody"] for name, page in json.loads((found / "ground-truth.json").read_text("utf-8")).items()}
    sources = {name: gzip.decompress((found / "html" / f"{name}.html.gz").read_bytes()) for name in pages}

    def figures(reader: Callable[[bytes], str]) -> dict[str, float]:
        overlaps = [text_overlap(reader(sources[name]), truth) for name, truth in pages.items()]
        precision, recall = mean(one for one, _ in overlaps), mean(other for _, other in overlaps)
        return {"F1": f1(precision, recall), "precision": precision, "recall": recall}

    return {"synapse": figures(_synapse), "trafilatura": figures(_trafilatura)}


def _synapse(data: bytes) -> str:
    return extract(data, "text/html").text


def _trafilatura(data: bytes) -> str:
    from trafilatura import extract as plain

    return plain(data) or ""
