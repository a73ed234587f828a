"""How long a response may be used again by the one operator whose it is: RFC 9111 for a private cache."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = 86_400.0
"""Seconds: what a page says of itself is asked for again after a day, whatever it allows."""
_GUESS: Final = 0.1
_LONGEST_GUESS: Final = 3_600.0


def may_be_kept(headers: Mapping[str, str]) -> bool:
    """Whether a response may be stored at all, and storing it is of any use."""
    directives = directives_of(headers.get("cache-control", ""))
    if "no-store" in directives or headers.get("vary", "").strip() == "*":
        return False
    return bool(headers.get("etag") or headers.get("last-modified")) or seconds_fresh(headers, datetime.now(UTC)) > 0


def seconds_fresh(headers: Mapping[str, str], now: datetime) -> float:
    """For how long it need not be asked for again: 0 when it must be each time. What a shared cache is told is not for us."""
    directives = directives_of(headers.get("cache-control", ""))
    if "no-cache" in directives or "no-store" in directives:
        return 0.0
    age = _number(headers.get("age", ""))
    if "max-age" in directives:
        return _bounded(_number(directives["max-age"]) - age)
    date = moment_of(headers.get("date", "")) or now
    if "expires" in headers:
        # One that cannot be read, such as 0, lies in the past.
        expires = moment_of(headers["expires"])
        return _bounded((expires - date).total_seconds() - age) if expires is not None else 0.0
    modified = moment_of(headers.get("last-modified", ""))
    if modified is None:
        return 0.0
    return _bounded(min(_LONGEST_GUESS, _GUESS * (date - modified).total_seconds()) - age)


def directives_of(value: str) -> dict[str, str]:
    """A Cache-Control header's directives in lower case; of one that stands there twice, the first."""
    found: dict[str, str] = {}
    for part in value.split(","):
        name, _, argument = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), argument.strip().strip('"'))
    return found


def moment_of(value: str) -> datetime | None:
    """The time of an HTTP date; None for what is none."""
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _number(text: str) -> float:
    return float(text[:12]) if text.isascii() and text.isdigit() else 0.0


def _bounded(seconds: float) -> float:
    return max(0.0, min(LONGEST, seconds))
