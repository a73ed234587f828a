"""A plan that a language model proposes: what it is asked, and how much of what it says is taken."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from synapse.contracts.evidence import SubQuestion
from synapse.research.text import keywords, squeeze, terms

_MOST_TEXT = 300
# Less of the question's own words in the plan, and it is a plan for something else.
_LEAST_COVERED = 0.5

INSTRUCTIONS = """You plan a search. Take the question apart into at most {limit} sub-questions whose answers together answer it.
One is best when the question asks one thing. Keep the question's own names and terms. Put what is closest to the question first.
For each give `text`, the sub-question as a person would ask it, short and whole without the others. No web addresses."""


class ProposedPart(BaseModel):
    """One sub-question."""

    model_config = ConfigDict(extra="forbid")

    text: str


class ProposedPlan(BaseModel):
    """Sub-questions, the one closest to the question first."""

    model_config = ConfigDict(extra="forbid")

    subquestions: list[ProposedPart]


def accepted(question: str, proposed: Sequence[ProposedPart], *, limit: int) -> list[SubQuestion]:
    """The proposed parts that can be used, at most ``limit``. Raises ValueError, saying why, when they are no plan for the question.

    What is searched for is taken from their words here: the ranking of sentences counts on every word of it.
    """
    asked = set(terms(" ".join(keywords(question)))) or set(terms(question))
    parts: dict[str, SubQuestion] = {}
    for part in proposed:
        text = squeeze(part.text)
        query = " ".join(keywords(text)) or text
        if 0 < len(text) <= _MOST_TEXT and _plain(text) and asked.intersection(terms(text)) and len(parts) < limit:
            parts.setdefault(text.casefold().rstrip("?. "), SubQuestion(id=f"q{len(parts) + 1}", text=text, query=query))
    if not parts:
        raise ValueError("none of its sub-questions was about the question")
    covered = asked.intersection(term for part in parts.values() for term in terms(part.text))
    if len(covered) < _LEAST_COVERED * len(asked):
        raise ValueError("its sub-questions left most of the question out")
    return list(parts.values())


def _plain(text: str) -> bool:
    """Free of addresses, search operators and control characters."""
    return "://" not in text and "site:" not in text.lower() and text.isprintable()
