"""A second look: sub-questions that the first pages hardly answered, put in other words.

What was asked stays as it was planned; only the words that are searched for change. Nothing that a page says is among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from synapse.contracts.evidence import Claim, SubQuestion
from synapse.research.plan import topic_of

# One sentence is an answer only to who is lucky: a second one confirms it, or shows that it was about something else.
_ENOUGH = 2
_MOST = 3


def follow_ups(subquestions: Sequence[SubQuestion], claims: Iterable[Claim]) -> list[SubQuestion]:
    """At most three sub-questions with fewer than two claims, those with none first, under their own ids with a wider query."""
    found = Counter(claim.subquestion for claim in claims)
    thin = [question for question in subquestions if found[question.id] < _ENOUGH]
    thin.sort(key=lambda question: found[question.id])
    return [question.model_copy(update={"query": wider(question)}) for question in thin[:_MOST]]


def wider(question: SubQuestion) -> str:
    """Fewer words for the search, which more pages hold: the topic alone, or the query as it was where that is all it has."""
    topic = topic_of(question.text)
    return topic if topic and len(topic.split()) < len(question.query.split()) else question.query
