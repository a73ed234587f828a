"""Statements of Wikipedia and the sentences that they rest on: what `synapse.research.grounding` lets stand.

A statement that annotators found supported ought to stand on the sentences that they name; one supported in part or not at all
ought to fall, on the sentences named or, where none are, on those that `synapse.research.support` finds. Nobody wrote these statements to
be close to their source, as a model is told to: recall is lower than for a model's rewordings.

Beside it stand the check by a plain share of words, and the score of support without the check of numbers, names and denials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.quality.data import folder, lines
from benchmarks.quality.score import f1
from benchmarks.quality.wice import plain
from synapse.research.grounding import FAR_AWAY, LEAST_BACKING, ungrounded
from synapse.research.support import backing
from synapse.research.text import terms

FLOOR = {"precision": 0.80, "recall": 0.28}

_MOST_CITED = 4
_LEAST_SHARE = 0.65
"""Of a statement's content words, beside all other checks."""

Check = Callable[[str, Sequence[str]], bool]


def measure() -> Mapping[str, Mapping[str, float]]:
    """Of the statements that stand, how many are supported; of the supported ones, how many stand."""
    cases = [(*_cited(record), record["label"] == "supported") for record in lines(folder("wice") / "claim-dev.jsonl")]
    checks: Mapping[str, Check] = {"synapse": _stands, "plain share of words": _shares, "support alone": _backed}
    return {name: _figures(check, cases) for name, check in checks.items()}


def _figures(check: Check, cases: Sequence[tuple[str, list[str], bool]]) -> dict[str, float]:
    stand = [supported for statement, quotes, supported in cases if check(statement, quotes)]
    precision = sum(stand) / (len(stand) or 1)
    recall = sum(stand) / (sum(supported for _, _, supported in cases) or 1)
    return {"precision": precision, "recall": recall, "F1": f1(precision, recall)}


def _cited(record: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The statement as a whole sentence and the quotes it is to stand on."""
    sentences, asides = plain(record["evidence"])
    named = record["supporting_sentences"]
    places = named[0] if named else backing(record["claim"], sentences, asides).sentences
    statement = record["claim"].strip()
    return statement if statement.endswith(".") else f"{statement}.", [sentences[at] for at in places[:_MOST_CITED]]


def _stands(statement: str, quotes: Sequence[str]) -> bool:
    return ungrounded(statement, quotes) is None


def _shares(statement: str, quotes: Sequence[str]) -> bool:
    mine, theirs = set(terms(statement)), set(terms(" ".join(quotes)))
    return ungrounded(statement, quotes) in (None, FAR_AWAY) and len(mine & theirs) >= _LEAST_SHARE * len(mine)


def _backed(statement: str, quotes: Sequence[str]) -> bool:
    return backing(statement, [" ".join(quotes)]).score >= LEAST_BACKING
