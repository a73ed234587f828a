"""How much of what a right answer must say a report says, and how much of what no longer holds it states as current."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from synapse.contracts.report import Report, Sentence

QUESTIONS = Path(__file__).with_name("questions.yaml")


@dataclass(frozen=True)
class Question:
    """What is asked, what must be said, what must not be stated as current."""

    ask: str
    facts: tuple[tuple[str, ...], ...]
    decoys: tuple[str, ...] = ()
    held_out: bool = False


@dataclass
class Score:
    """Counts over questions: facts and decoys in all, and where they were met."""

    facts: int = 0
    decoys: int = 0
    in_answer: int = 0
    in_report: int = 0
    decoys_in_answer: int = 0
    decoys_in_report: int = 0
    seconds: float = 0.0
    missing: list[str] = field(default_factory=list)

    def add(self, question: Question, report: Report) -> None:
        """Count one report. Sentences marked superseded state nothing as current, and count for no fact either."""
        answer = _said(report.answer)
        whole = answer + _said(sentence for section in report.sections for sentence in section.sentences)
        whole += _said(sentence for pair in report.disagreements for sentence in pair)
        self.facts += len(question.facts)
        self.decoys += len(question.decoys)
        for fact in question.facts:
            self.in_answer += _any(fact, answer)
            self.in_report += _any(fact, whole)
            if not _any(fact, answer):
                self.missing.append(f"{question.ask} MISSING {fact[0]}{' (in the report)' if _any(fact, whole) else ''}")
        for decoy in question.decoys:
            self.decoys_in_answer += _any((decoy,), answer)
            self.decoys_in_report += _any((decoy,), whole)
            if _any((decoy,), whole):
                self.missing.append(f"{question.ask} DECOY {decoy}{' IN THE ANSWER' if _any((decoy,), answer) else ''}")


def questions() -> list[Question]:
    """All questions, in the order of the file."""
    entries: list[dict[str, Any]] = yaml.safe_load(QUESTIONS.read_text("utf-8"))
    return [
        Question(
            ask=entry["ask"],
            facts=tuple(tuple(alternatives) for alternatives in entry["facts"]),
            decoys=tuple(entry.get("decoys", ())),
            held_out=bool(entry.get("held_out")),
        )
        for entry in entries
    ]


def _said(sentences: Iterable[Sentence]) -> list[str]:
    return [" ".join(sentence.text.lower().split()) for sentence in sentences if sentence.verdict != "superseded"]


def _any(alternatives: Iterable[str], sentences: list[str]) -> bool:
    return any(mentions(sentence, alternative) for alternative in alternatives for sentence in sentences)


def mentions(sentence: str, words: str) -> bool:
    """Whether the words stand in a sentence in lower case, not as part of a longer number or word."""
    return re.search(rf"(?<![\w.,]){re.escape(words.lower())}(?![\w]|[.,]\d)", sentence) is not None
