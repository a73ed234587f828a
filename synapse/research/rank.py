"""Several result lists made one reading list: reciprocal rank fusion, one entry per page, a fair share per question and voice.

Only what a search gave can get into it, and only as many domains as the run may ask.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from synapse.contracts.evidence import Found, RankedSource, Source
from synapse.research.origin import origin_of

# The constant of reciprocal rank fusion. The customary 60 is for lists of a thousand; with ten hits it flattens the ranks.
_K = 20
# What each source of an origin already chosen takes off the next one's score, and where that stops.
_SAME_VOICE = 0.06
_SAME_VOICE_MOST = 0.3

_TRACKING = re.compile(r"^(?:utm_\w+|gclid|fbclid|msclkid|dclid|yclid|mc_[ce]id|igshid|ref_src|_ga|spm)$", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_CORPUS = "corpus"
_PORTS = {"http": "80", "https": "443"}


@dataclass(eq=False)
class _Entry:
    source: Source
    origin: str
    domain: str | None
    score: float = 0.0
    ranks: dict[str, int] = field(default_factory=dict)


@dataclass
class _Chosen:
    """The choice so far, and the domains that the run asks with it."""

    max_domains: int | None
    domains: set[str]
    entries: list[_Entry] = field(default_factory=list)
    voices: Counter[str] = field(default_factory=Counter)

    def has_room_for(self, entry: _Entry) -> bool:
        """A domain that is asked already costs nothing, and a local document asks none."""
        known = entry.domain is None or entry.domain in self.domains
        return known or self.max_domains is None or len(self.domains) < self.max_domains

    def take(self, entry: _Entry) -> None:
        self.entries.append(entry)
        self.voices[entry.origin] += 1
        if entry.domain is not None:
            self.domains.add(entry.domain)


def canonical(url: str) -> str:
    """The URL by which two hits are known to be the same page: no fragment, tracking, default port or index file.

    ``http`` and ``https``, a leading ``www.`` and the order of query parameters make no difference. Only a key: the hit's own URL is read.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url.strip()
    if not host:
        return url.strip()
    scheme = "https" if parts.scheme in ("http", "https") else parts.scheme
    if scheme == "https":
        host = host.removeprefix("www.")
    suffix = "" if port is None or str(port) == _PORTS.get(parts.scheme) else f":{port}"
    path = _INDEX.sub("/", quote(unquote(parts.path), safe="/:@!$&'()*+,;=~%")).rstrip("/") or "/"
    query = urlencode(sorted((key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(key)))
    return urlunsplit((scheme, host + suffix, path, query, ""))


def domain_of(url: str) -> str | None:
    """The registrable domain that reading a URL asks; None for a document of a local corpus, which asks nobody."""
    return None if url.strip().lower().startswith(f"{_CORPUS}:") else origin_of(url)


def rank(found: Iterable[Found], *, limit: int, known: Iterable[str] = (), max_domains: int | None = None) -> list[RankedSource]:
    """The sources to read, best first, at most ``limit``, each page once and none whose URL is ``known``.

    The best source of every sub-question is in, as far as the limits go; the rest is chosen by fused score, less for
    an origin that is already well represented. With a limit no smaller than the number of pages nothing is lost.
    Together with those of the ``known`` URLs the sources are of at most ``max_domains`` domains.
    """
    read = list(known)
    entries = _fuse(found, {canonical(url) for url in read})
    chosen = _Chosen(max_domains, {domain for url in read if (domain := domain_of(url)) is not None})
    for entry in _first_of_each(entries):
        if len(chosen.entries) < limit and chosen.has_room_for(entry):
            chosen.take(entry)
    while len(chosen.entries) < limit:
        rest = [entry for entry in entries if entry not in chosen.entries and chosen.has_room_for(entry)]
        if not rest:
            break
        chosen.take(max(rest, key=lambda entry: entry.score * _discount(chosen.voices[entry.origin])))
    return [_ranked(entry) for entry in sorted(chosen.entries, key=lambda entry: -entry.score)]


def _discount(already: int) -> float:
    return 1.0 - min(_SAME_VOICE_MOST, _SAME_VOICE * already)


def _fuse(found: Iterable[Found], known: set[str]) -> list[_Entry]:
    """Entries by fused score; ties keep the order in which they were met."""
    entries: dict[str, _Entry] = {}
    for result in found:
        met: set[str] = set()
        for source in result.sources:
            key = canonical(source.url)
            if key in met:
                continue
            met.add(key)
            if key in known:
                continue
            entry = entries.setdefault(key, _Entry(source, origin_of(source.url), domain_of(source.url)))
            place = len(met)
            entry.score += 1.0 / (_K + place)
            entry.ranks[result.subquestion] = min(place, entry.ranks.get(result.subquestion, place))
    return sorted(entries.values(), key=lambda entry: -entry.score)


def _first_of_each(entries: Sequence[_Entry]) -> list[_Entry]:
    questions = dict.fromkeys(question for entry in entries for question in entry.ranks)
    best: dict[int, _Entry] = {}
    for question in questions:
        entry = min((entry for entry in entries if question in entry.ranks), key=lambda entry: entry.ranks[question])
        best.setdefault(id(entry), entry)
    return sorted(best.values(), key=lambda entry: -entry.score)


def _ranked(entry: _Entry) -> RankedSource:
    source = entry.source
    return RankedSource(
        url=source.url,
        title=source.title,
        snippet=source.snippet,
        provider=source.provider,
        score=round(entry.score, 6),
        subquestions=tuple(sorted(entry.ranks, key=lambda question: entry.ranks[question])),
    )
