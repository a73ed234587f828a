"""Dates as people write them, made ISO: as much of year, month and day as is stated."""

from __future__ import annotations

import re

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_NAME = "|".join((*(month.capitalize() for month in _MONTHS), *(f"{month[:3].capitalize()}\\.?" for month in _MONTHS), "Sept\\.?"))

DATE = re.compile(
    rf"\b(?P<iso>(?:19|20)\d\d-[01]\d(?:-[0-3]\d)?)(?![\d])"
    rf"|\b(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?: of)? )?(?P<month>{_NAME})(?: (?P<year>(?:19|20)\d\d)\b)"
    rf"|\b(?P<month2>{_NAME}) (?P<day2>[0-3]?\d)(?:st|nd|rd|th)?(?:,? (?P<year2>(?:19|20)\d\d))?\b"
    rf"|\b(?P<day3>[0-3]?\d)(?:st|nd|rd|th)? (?P<month3>{_NAME})\b"
)
"""A date with a month at least; a year alone is a number."""
YEAR = re.compile(r"(?<![\d.,£$€])(?:19|20)\d\d(?![\d.,]\d|\d)")


def parse(text: str) -> str:
    """``2024-03-05``, ``2024-03`` or, without a year, ``--03-05``; empty when the text is no date."""
    match = DATE.fullmatch(text.strip())
    if match is None:
        return ""
    if match["iso"]:
        return match["iso"]
    month = match["month"] or match["month2"] or match["month3"]
    number = next(place for place, name in enumerate(_MONTHS, start=1) if name.startswith(month.rstrip(".").lower()[:3]))
    day = match["day"] or match["day2"] or match["day3"]
    year = match["year"] or match["year2"] or "-"
    return f"{year}-{number:02}" + (f"-{int(day):02}" if day else "")


def later(one: str, other: str) -> bool:
    """Whether one ISO date is after another, as far as both are stated: a year is neither before nor after a month of it."""
    shared = min(len(one), len(other))
    return bool(shared) and one[:shared] > other[:shared]
