"""Whether a sentence that a model worded says nothing that its quotes do not have: numbers, names, addresses, negations.

This is a check of words, not of meaning. It is strict where an invention would do harm, for a sentence that is dropped costs
little: what its quotes say is then shown in their own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from synapse.research.support import backing
from synapse.research.text import QUESTION_WORDS, STOP_WORDS, WORD, squeeze, stem, terms, word_set

_MOST_CHARS = 500
LEAST_BACKING = 0.5
"""Under this score of `support.backing` a sentence is not a rewording of its quotes.

Chosen on the development part of WiCE (`benchmarks.quality.grounding`): with it .85 of the statements that all checks let stand are
supported, and .29 of the supported ones stand. A share of .65 of the words, all alike, gives .81 and .23 instead; at .45 the precision
is .74, at .55 the recall is .26.
"""
FAR_AWAY = "it is too far from the words of its evidence"
_ENDS = (".", "!", "。", "！")
_CLOSERS = "\"'”’)]"
_ADDRESS = re.compile(r"\w://|\bwww\.|\]\(|<[a-z/!]|\b(?:mailto|javascript|data):", re.IGNORECASE)
_ID = re.compile(r"\b[ces]\d+\b|\[\d+\]")
_QUOTED = re.compile(r"[“\"«„]([^”\"»“]{3,})[”\"»“]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NEGATION = re.compile(r"\b(?:not|never|no|cannot|without|none|neither|nor|nobody|nothing|unable|impossible|\w+n['’]t)\b", re.IGNORECASE)
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_DIGITS = {word: str(number) for number, word in enumerate(_WORDS, start=2)}
_QUANTITIES = word_set("hundred thousand million billion trillion dozen half third quarter twice double triple percent")
# What may open a sentence with a capital and be no name.
_OPENERS = word_set("according additionally similarly conversely finally generally specifically overall together unlike instead")


def ungrounded(sentence: str, quotes: Sequence[str]) -> str | None:
    """Why the sentence may not stand on these quotes, or None when it may."""
    said = squeeze(sentence)
    evidence = " ".join(squeeze(quote) for quote in quotes)
    if not evidence:
        return "it has no evidence"
    if len(said) > _MOST_CHARS or not said.rstrip(_CLOSERS).endswith(_ENDS):
        return "it is not one whole sentence"
    if _ADDRESS.search(said) or _ID.search(said):
        return "it has an address or a citation of its own"
    for check in (_invented_quote, _invented_number, _invented_name, _turned_round, _far_away):
        fault = check(said, evidence)
        if fault is not None:
            return fault
    return None


def _invented_quote(said: str, evidence: str) -> str | None:
    plain = evidence.casefold()
    wrong = next((part for part in _QUOTED.findall(said) if part.casefold().strip(" .,") not in plain), None)
    return None if wrong is None else "it quotes what its evidence does not say"


def _invented_number(said: str, evidence: str) -> str | None:
    known = _numbers(evidence)
    return next((f"the number {number} is not in its evidence" for number in sorted(_numbers(said)) if number not in known), None)


def _numbers(text: str) -> set[str]:
    """Every number, with or without thousands separators one and the same, small ones also when written as words."""
    found = {_plain(match) for match in _NUMBER.findall(text)}
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _DIGITS:
            found.add(_DIGITS[word])
        elif word.removesuffix("s") in _QUANTITIES:
            found.add(word.removesuffix("s"))
    return found | ({"percent"} if "%" in text else set())


def _plain(number: str) -> str:
    grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number)
    return number.replace(",", "") if grouped else number.rstrip(".,")


def _invented_name(said: str, evidence: str) -> str | None:
    """Names, and whatever else is written like one: in capitals, with a dot, an underscore, a digit inside."""
    plain = evidence.casefold()
    stems = set(terms(evidence)) | {stem(word) for word in WORD.findall(evidence)}
    for place, match in enumerate(WORD.finditer(said)):
        word = match.group()
        lower = re.sub(r"['’]s$", "", word.casefold())
        code = any(char in "._" or char.isdigit() for char in word)
        if code and lower not in plain and not _NUMBER.fullmatch(word):
            return f"{word!r} is not in its evidence"
        if code or not any(char.isupper() for char in word) or lower in plain or stem(lower) in stems:
            continue
        first = place == 0 and word[1:].islower()
        if lower in STOP_WORDS or (first and (lower in QUESTION_WORDS or lower in _OPENERS or lower.endswith("ing"))):
            continue
        return f"the name {word!r} is not in its evidence"
    return None


def _turned_round(said: str, evidence: str) -> str | None:
    mine, theirs = bool(_NEGATION.search(said)), bool(_NEGATION.search(evidence))
    if mine and not theirs:
        return "it denies what its evidence does not deny"
    return "it asserts what its evidence denies" if theirs and not mine and _all_denied(evidence) else None


def _all_denied(evidence: str) -> bool:
    """Whether no clause of the evidence is free of a negation."""
    clauses = [clause for clause in re.split(r"[.;:,!?]\s", evidence) if len(terms(clause)) > 2]
    return all(_NEGATION.search(clause) for clause in clauses) if clauses else True


def _far_away(said: str, evidence: str) -> str | None:
    return None if backing(said, [evidence]).score >= LEAST_BACKING else FAR_AWAY
