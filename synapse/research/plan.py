"""A question taken apart into what has to be found out, along its own structure.

A question with one part gives one sub-question: a template of facets nobody asked for would only bring noise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from synapse.contracts.evidence import SubQuestion
from synapse.research.intent import Intent, intent_of
from synapse.research.text import QUESTION_WORDS, STOP_WORDS, WORD, keywords, squeeze, word_set

_WH = r"(?:how|why|when|what|which|where|who|whom|whose)"
_AUX = r"(?:is|are|was|were|do|does|did|can|could|should|would|will|must|may|has|have)"
_PRONOUN = re.compile(r"\b(it|they|them|its|their|this|these|that)\b(?!\s+(?:is|are)\s+(?:possible|necessary))", re.IGNORECASE)
_CLAUSES = re.compile(
    rf",?\s+(?:and|but|or)\s+(?:also\s+)?(?={_WH}\b|{_AUX}\s+(?:it|they|there|I|we|you)\b)|[;,]\s+(?={_WH}\s+{_AUX}\b)", re.IGNORECASE
)
_STARTS_QUESTION = re.compile(rf"^\W*(?:{_WH}|{_AUX}|explain|describe|compare|list|tell|give|show)\b", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9\"'(])")
_SIDE = r"(?P<{0}>[^,;?]+?)"
_COMPARISONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bdifferences?\s+(?:is\s+|are\s+)?(?:there\s+)?between\s+{_SIDE.format('a')}\s+and\s+{_SIDE.format('b')}(?:\s+(?:in|for|when|with|on)\b.*)?[?.]*$",
        rf"\b(?:do|does|did|is|are)\s+{_SIDE.format('a')}\s+(?:differ|differs|different|distinct)\s+(?:from|to|than)\s+{_SIDE.format('b')}[?.]*$",
        rf"\bcompare\s+{_SIDE.format('a')}\s+(?:and|with|to|against)\s+{_SIDE.format('b')}[?.]*$",
        rf"\bhow\s+(?:do|does)\s+{_SIDE.format('a')}\s+compare\s+(?:with|to|against)\s+{_SIDE.format('b')}[?.]*$",
        rf"\b(?:is|are|use|choose|prefer)\s+{_SIDE.format('a')}\s+(?:\w+er|better|more\s+\w+|instead|over|rather)\s+(?:than|of|over)?\s*{_SIDE.format('b')}[?.]*$",
        rf"^(?:which\s+is\s+\w+[,:]?\s+)?{_SIDE.format('a')}\s+(?:vs\.?|versus)\s+{_SIDE.format('b')}[?.]*$",
    )
)
_FACETS = re.compile(
    r"^(?P<head>.*?\b(?:the\s+)?)(?P<one>advantages|benefits|pros|causes|strengths|risks|symptoms|costs|uses|origins?|definition)\s+and\s+"
    r"(?P<two>disadvantages|drawbacks|risks|cons|effects|consequences|weaknesses|benefits|treatments?|limits|limitations|use|history)\s+"
    r"(?P<tail>of\s+.+)$",
    re.IGNORECASE,
)
_LEFT_OPEN = re.compile(r"\b(?:it|they|one|you|I|we) (?:do|does|did|is|are|can|could|should|will)(?: not|n['’]t)[?.]*$", re.IGNORECASE)
"""An ending such as "… and what happens if it does not?", which leaves out what the first part said."""
_DONE = re.compile(rf"\b{_AUX}\s+\S.*?\s(?:need|have|has|want|able|supposed)\s+to\s+(?P<what>\S.*)$", re.IGNORECASE)
_USING = re.compile(r"^(?:using|use)\s+(?=\S)", re.IGNORECASE)
_QUALIFIER = re.compile(r"(?<=\S)\s+(?:in|of|for|on|with|from)\s.*$", re.IGNORECASE)
_MEASURE = re.compile(r"(?<=\bhow) (?:many|much|long|often|quickly|fast|soon|far|large|big|high|old|tall|deep|heavy)\b", re.IGNORECASE)
"""What is measured is in the answer as a number, not as this word."""
_PART_OF = word_set("share number amount part kind type sort percentage proportion fraction piece degree")
_VERBS = word_set(
    """
    do differ work happen mean use need handle decide become get go make run start stop fail cost take return behave affect
    cause acknowledge perform support implement choose avoid prevent help store keep know say change grow compare require lose
    """
)


def plan(question: str, *, limit: int = 4) -> list[SubQuestion]:
    """At least one and at most ``limit`` sub-questions with ids ``q1``, ``q2``, …; the one closest to the question first.

    Statements that come with a question are its background: their words are searched for, they are not answered.
    """
    asked, background = _sentences(squeeze(question))
    parts = [part for sentence in asked for part in _clauses(sentence)]
    texts = _unique((text, about) for part, about in parts for text in _aspects(part, alone=len(parts) == 1))
    return [
        SubQuestion(id=f"q{number}", text=text, query=_query(text, f"{about} {background}"))
        for number, (text, about) in enumerate(texts[: max(1, limit)], start=1)
    ]


def _sentences(question: str) -> tuple[list[str], str]:
    found = [sentence for sentence in _SENTENCES.split(question) if sentence]
    asked = [sentence for sentence in found if sentence.endswith("?")]
    if not asked:
        asked = [sentence for sentence in found if _STARTS_QUESTION.match(sentence)] or [question]
    return asked, " ".join(sentence for sentence in found if sentence not in asked)


def _clauses(sentence: str) -> list[tuple[str, str]]:
    """The questions in a sentence, each with what else it is about.

    ``What does X do and when should it be avoided?`` is two; pronouns of the later ones become the first one's topic. ``it`` may just as
    well have been another of the first one's words, so those are searched for too.
    """
    if any(pattern.search(sentence) for pattern in _COMPARISONS):
        return [(sentence, "")]
    parts = [part.strip(" ,;") for part in _CLAUSES.split(sentence)]
    if len(parts) < 2 or not all(keywords(part) or _PRONOUN.search(part) for part in parts):
        return [(sentence, "")]
    topic = topic_of(parts[0])
    about = " ".join(word for word in keywords(parts[0]) if word.lower() not in _VERBS)
    done = _DONE.search(parts[0])
    resolved = [
        (_resolve(part, topic, done["what"].rstrip(" ?.") if done else ""), about if _PRONOUN.search(part) else "") for part in parts[1:]
    ]
    return [(_finish(part), context) for part, context in [(parts[0], ""), *resolved]]


def _resolve(part: str, topic: str, done: str = "") -> str:
    """A later part of a question, its pronoun made the first one's topic and what it leaves unsaid what that one says is done."""
    if done and _LEFT_OPEN.search(part):
        part = f"{part.rstrip(' ?.')} {done}"
    match = _PRONOUN.search(part)
    if not match or not topic:
        return part
    possessive = match.group().lower() in ("its", "their")
    return f"{part[: match.start()]}{topic}{'’s' if possessive else ''}{part[match.end() :]}"


def _finish(part: str) -> str:
    part = part.strip().rstrip("?.!,;")
    return f"{part[:1].upper()}{part[1:]}{'?' if _STARTS_QUESTION.match(part) else '.'}"


def topic_of(question: str) -> str:
    """The noun phrase a question is about, as far as word order tells: its first run of content words."""
    run: list[str] = []
    end = 0
    for match in WORD.finditer(question):
        word = match.group()
        lower = word.lower()
        gap = question[end : match.start()].strip() if run else ""
        if run and (lower in STOP_WORDS or lower in _VERBS or gap):
            break
        verb = word.islower() and (lower in _VERBS or lower.removesuffix("s") in _VERBS)
        if lower in STOP_WORDS or lower in QUESTION_WORDS or lower in _PART_OF or verb:
            continue
        if run and word.islower() and all(each[:1].isupper() for each in run):
            break
        run.append(word)
        end = match.end()
    return " ".join(run[:4])


def compared(question: str) -> tuple[str, str] | None:
    """The two sides of a comparison as they are written, where its form names both."""
    match = next((found for pattern in _COMPARISONS if (found := pattern.search(question))), None)
    return (match["a"], match["b"]) if match else None


def _aspects(part: str, *, alone: bool) -> list[str]:
    """The part itself, and what its form implies: the two sides of a comparison, the two facets it names together."""
    facets = _FACETS.match(part.rstrip("?. "))
    if facets:
        head, tail = facets["head"], facets["tail"]
        return [_finish(f"{head}{facets[name]} {tail}") for name in ("one", "two")]
    if alone and intent_of(part) is Intent.COMPARISON:
        sides = compared(part)
        if sides:
            return [part, *map(_what_is, sides)]
    return [part]


def _what_is(side: str) -> str:
    side = _USING.sub("", side.strip())
    last = _QUALIFIER.sub("", side).split()[-1]
    plural = last.islower() and last.endswith("s") and not last.endswith(("ss", "us", "is"))
    return f"What {'are' if plural else 'is'} {side}?"


def _unique(texts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list({text.casefold().rstrip("?. "): (text, about) for text, about in reversed(list(texts))}.values())[::-1]


def _query(text: str, background: str) -> str:
    """The words to search for: the question's own first, then at most four of what else it is about."""
    own = keywords(_MEASURE.sub(" ", text)) or WORD.findall(text)
    known = {word.lower() for word in own}
    more = [word for word in keywords(background) if word.lower() not in known]
    return " ".join([*own, *more[:4]]) or text
