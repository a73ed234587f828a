"""What a provider says it found, made into sources: nothing of it is trusted."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any, Final

from synapse.contracts.evidence import Source
from synapse.egress.urls import UrlPolicy
from synapse.errors import Permanent
from synapse.extract.blocks import tidy

MOST_ENTRIES: Final = 200
"""Of a list only so many are looked at, whatever was asked for."""
_TITLE: Final = 300
_SNIPPET: Final = 500
_TAGS: Final = re.compile(r"<[^<>]{0,1000}>")
_ISO: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?!\d)")
_POLICY: Final = UrlPolicy()


def entries(value: Any, what: str) -> list[Any]:
    """A list that an answer should have. None is an empty one; Permanent is raised for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Permanent(f"the answer's {what} is not a list")
    return value[:MOST_ENTRIES]


def source(provider: str, url: Any, title: Any = None, snippet: Any = None, score: Any = None, published: Any = None) -> Source | None:
    """A source, or None when it has no address that could be fetched. Fields of a wrong type count as missing."""
    try:
        address = str(_POLICY.checked(url)) if isinstance(url, str) else None
    except Permanent:
        return None
    if address is None:
        return None
    number = float(score) if isinstance(score, (int, float)) and not isinstance(score, bool) and abs(score) < 1e12 else 0.0
    return Source(
        url=address,
        title=plain(title, _TITLE),
        snippet=plain(snippet, _SNIPPET),
        provider=provider,
        score=number if math.isfinite(number) else 0.0,
        published=published_on(published),
    )


def kept(found: Iterable[Source | None], limit: int) -> list[Source]:
    """Those that are sources, at most ``limit``."""
    return [each for each in found if each is not None][:limit]


def plain(text: Any, most: int) -> str:
    """One line of at most ``most`` characters: no markup, no entities, nothing invisible, nothing that UTF-8 cannot hold."""
    if not isinstance(text, str):
        return ""
    # Cut before the work, for what is sent may be long; cut well behind the end, for markup goes.
    bare = html.unescape(_TAGS.sub("", text[: 20 * most])).encode("utf-8", "ignore").decode("utf-8")
    # Escaped markup is markup to whoever unescapes once more.
    return tidy(_TAGS.sub("", bare))[:most].strip()


def published_on(text: Any) -> str | None:
    """An ISO date, year and month, or year, from an ISO date or time or a date as e-mails have it; None for anything else."""
    if not isinstance(text, str):
        return None
    text = text.strip()[:64]
    if found := _ISO.match(text):
        year, month, day = found.groups()
        try:
            date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            return None
        return found.group()
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, OverflowError):
        return None
