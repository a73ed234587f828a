"""Statements of Wikipedia and the sentences of the pages they cite: `synapse.research.support` beside greedy coverage and BM25.

Evidence F1 is over the statements that are supported at least partially, against the best of the sets that annotators accept. AUROC
tells supported statements from the others; "S|PN" counts partially supported ones among the others (the figure of the floor), "SP|N"
among the supported, "S|N" leaves them out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from benchmarks.quality.data import folder, lines
from benchmarks.quality.score import auroc, best_f1, mean
from synapse.research.support import backing
from synapse.research.text import terms

FLOOR = {"evidence F1": 0.70, "AUROC S|PN": 0.78}

_META = re.compile(r"^\(meta data\) [A-Z ]+: ?")
_LEAST_SHARE = 0.1

Answer = tuple[Sequence[int], float]
"""The sentences chosen and how far the statement is supported."""


def measure() -> Mapping[str, Mapping[str, float]]:
    """How well sentences are chosen, and statements told apart."""
    records = lines(folder("wice") / "claim-dev.jsonl")

    def figures(answer: Callable[[str, list[str]], Answer]) -> dict[str, float]:
        answers = [answer(record["claim"], record["evidence"]) for record in records]
        scores: dict[str, list[float]] = {"supported": [], "partially_supported": [], "not_supported": []}
        for record, (_, score) in zip(records, answers, strict=True):
            scores[record["label"]].append(score)
        whole, part, none = scores["supported"], scores["partially_supported"], scores["not_supported"]
        chosen = [
            best_f1(places, record["supporting_sentences"])
            for record, (places, _) in zip(records, answers, strict=True)
            if record["label"] != "not_supported"
        ]
        return {
            "evidence F1": mean(chosen),
            "AUROC S|PN": auroc(whole, part + none),
            "AUROC SP|N": auroc(whole + part, none),
            "AUROC S|N": auroc(whole, none),
        }

    return {"synapse": figures(_synapse), "greedy IDF coverage": figures(_greedy), "BM25, first two": figures(_bm25)}


def plain(sentences: Sequence[str]) -> tuple[list[str], list[int]]:
    """A page's sentences without marks, and the places of those that are about the page."""
    return [_META.sub("", sentence) for sentence in sentences], [at for at, each in enumerate(sentences) if _META.match(each)]


def _synapse(statement: str, sentences: list[str]) -> Answer:
    found = backing(statement, *plain(sentences))
    return found.sentences, found.score


def _weights(bags: Sequence[Counter[str]]) -> Callable[[str], float]:
    often = Counter(word for bag in bags for word in bag)
    return lambda word: math.log(1 + len(bags) / (often[word] + 0.5))


def _greedy(statement: str, sentences: list[str]) -> Answer:
    """Sentences as long as each adds a tenth of the statement's weight."""
    bags = [Counter(terms(sentence)) for sentence in sentences]
    weight = _weights(bags)
    left = set(terms(statement))
    whole = sum(map(weight, left)) or 1.0
    chosen: list[int] = []
    while bags:
        gains = [sum(weight(word) for word in left if word in bag) for bag in bags]
        best = max(range(len(bags)), key=gains.__getitem__)
        if gains[best] < _LEAST_SHARE * whole:
            break
        chosen.append(best)
        left -= bags[best].keys()
    return chosen, 1 - sum(map(weight, left)) / whole


def _bm25(statement: str, sentences: list[str]) -> Answer:
    """The two best sentences; the best one's score says how far."""
    bags = [Counter(terms(sentence)) for sentence in sentences]
    weight, words = _weights(bags), set(terms(statement))
    average = mean(bag.total() for bag in bags) or 1.0
    scores = [
        sum(weight(word) * bag[word] * 2.2 / (bag[word] + 1.2 * (0.25 + 0.75 * bag.total() / average)) for word in words if word in bag)
        for bag in bags
    ]
    ranked = sorted(range(len(bags)), key=lambda at: -scores[at])
    return ranked[:2], max(scores, default=0.0)
