"""The quantities of a sentence, in units that can be compared: ``5 GB`` is ``5120 MB``, ``two weeks`` are ``14 days``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from synapse.research.dates import DATE, parse

_WORDS = {
    word: value
    for value, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=2)
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "k": 1e3}
_MONEY = {"£": "pound", "$": "dollar", "€": "euro"}

# Unit → (kind, size, the largest it may mean). Megabytes are of a million bytes to some and of 1024² to others.
_UNITS: dict[str, tuple[str, float, float]] = {}


def _unit(kind: str, size: float, names: str, most: float | None = None) -> None:
    for name in names.split():
        _UNITS[name] = (kind, size, most or size)


_unit("time", 0.001, "ms millisecond milliseconds")
_unit("time", 1, "s sec secs second seconds")
_unit("time", 60, "min mins minute minutes")
_unit("time", 3600, "h hr hrs hour hours")
_unit("time", 86_400, "day days")
_unit("time", 604_800, "week weeks")
_unit("months", 1, "month months")
_unit("months", 3, "quarter quarters")
_unit("months", 12, "year years")
for _power, _names in enumerate(("byte bytes", "kb kib kilobyte kilobytes", "mb mib megabyte megabytes", "gb gib gigabyte gigabytes",
                                 "tb tib terabyte terabytes")):  # fmt: skip
    _unit("bytes", 1000.0**_power, _names, 1024.0**_power)
_unit("length", 0.001, "mm millimetre millimetres millimeter millimeters")
_unit("length", 0.01, "cm centimetre centimetres centimeter centimeters")
_unit("length", 1, "m metre metres meter meters")
_unit("length", 1000, "km kilometre kilometres kilometer kilometers")
_unit("mass", 1, "g gram grams gramme grammes")
_unit("mass", 1000, "kg kilogram kilograms kilo kilos")
_unit("mass", 1_000_000, "tonne tonnes")
_unit("share", 1, "% percent")
_unit("pound", 1, "pound pounds gbp")
_unit("pound", 0.01, "pence penny")
_unit("dollar", 1, "dollar dollars usd")
_unit("euro", 1, "euro euros eur")

LABELLED = re.compile(
    r"\b(?:version|versions|release|python|postgresql|section|chapter|figure|table|page|step|rfc|pep|issue|bug|part|appendix|level"
    r"|type|utf|iso|ipv|http|sha)"
    r"[- ]?v?\d[\d.]*",
    re.IGNORECASE,
)
"""A number that is a name: it counts nothing."""
_COUNTS = "|".join([*_WORDS, "hundred", "thousand", "million", "billion"])
_NAMES = "|".join(sorted((name for name in _UNITS if name.isalpha()), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?P<money>[£$€])?\s?(?<![\w.])(?P<number>[-+]?\d[\d,]*(?:\.\d+)*|\b(?:{_COUNTS})\b)"
    r"(?:[ -](?P<scale>hundred|thousand|million|billion)\b|(?P<k>k)\b)?"
    rf"(?:[ -]?(?P<of>(?:working|business) )?(?P<unit>per cent|%|(?:{_NAMES})\b))?(?![\w])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """``least`` to ``most`` in the base unit of its kind; a plain number has no kind, a date counts as one."""

    kind: str
    unit: str
    least: float
    most: float

    def same(self, other: Quantity) -> bool:
        """Whether both may be one: in the same unit only equal values, in different ones what rounding of units allows."""
        if self.kind != other.kind:
            return False
        if self.kind == "date":
            return _same_day(self.unit, other.unit)
        if self.unit == other.unit:
            return self.least == other.least
        return self.least <= other.most * 1.0001 and other.least <= self.most * 1.0001


def _same_day(one: str, other: str) -> bool:
    """Whether two ISO dates are one as far as both are stated; a day without a year may be of any."""
    if one.startswith("-") or other.startswith("-"):
        one, other = one[-6:].lstrip("-") if one[:1] == "-" else one[5:], other[-6:].lstrip("-") if other[:1] == "-" else other[5:]
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def quantities(text: str) -> list[Quantity]:
    """The quantities and dates of a sentence in order. Numbers that are names, as in "version 3", are none."""
    plain = LABELLED.sub(" ", text)
    found = [Quantity("date", day, 0, 0) for match in DATE.finditer(plain) if (day := parse(match.group()))]
    return found + [_quantity(match) for match in _QUANTITY.finditer(DATE.sub(" ", plain))]


def without(text: str) -> str:
    """The sentence without its quantities and their units."""
    return _QUANTITY.sub(" ", DATE.sub(" ", LABELLED.sub(" ", text)))


def unmatched(one: Iterable[Quantity], other: Iterable[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """What is left of both when equal quantities are taken off in pairs."""
    mine, theirs = list(one), list(other)
    for item in list(mine):
        twin = next((each for each in theirs if item.same(each)), None)
        if twin is not None:
            mine.remove(item)
            theirs.remove(twin)
    return mine, theirs


def differ(one: Iterable[Quantity], other: Iterable[Quantity]) -> bool:
    """Whether each has a quantity of a kind that the other gives another value of."""
    mine, theirs = unmatched(one, other)
    return not {item.kind for item in mine}.isdisjoint(item.kind for item in theirs)


def _quantity(match: re.Match[str]) -> Quantity:
    word = match["number"].lower()
    value = _WORDS.get(word) or _SCALES.get(word) or _number(word)
    value *= _SCALES[match["scale"].lower()] if match["scale"] else 1e3 if match["k"] else 1.0
    name = (match["unit"] or _MONEY.get(match["money"] or "", "")).lower().replace("per cent", "percent")
    if not name:
        return Quantity("", "", value, value)
    kind, size, most = _UNITS[name]
    # Working days are no part of weeks: they are counted in themselves.
    of = (match["of"] or "").strip().lower()
    return Quantity(f"{of} {kind}".strip(), _UNIT_NAMES[kind, size], value * size, value * most)


def _number(word: str) -> float:
    digits = word.replace(",", "").lstrip("+")
    whole, *rest = digits.split(".")
    # "1.2.3" is a number of versions or sections: its parts are told apart, not added.
    return float(f"{whole}.{''.join(rest)}" if rest else whole)


_UNIT_NAMES = {(kind, size): f"{kind} {size}" for kind, size, _ in _UNITS.values()}
