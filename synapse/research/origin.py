"""Whose voice a URL is: what corroboration counts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from tldextract import TLDExtract


@lru_cache(maxsize=1)
def _suffixes() -> TLDExtract:
    # Imported on first use: it loads the packaged suffix list, half a second that a run on a local corpus never needs.
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=4096)
def origin_of(url: str) -> str:
    """The registrable domain of a web URL, or the document family of a ``corpus://`` one.

    Customers of a shared host (``alice.github.io``) are voices of their own. A host without a registrable
    domain, such as an IP address, is its own origin. Anything else is its own origin, unchanged.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return url
    if parts.scheme == "corpus":
        return _family(parts.netloc, unquote(parts.path))
    if not host:
        return url
    found = _suffixes()(host)
    return f"{found.domain}.{found.suffix}".lower() if found.domain and found.suffix else host.lower()


def _family(corpus: str, path: str) -> str:
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        return corpus
    first = segments[0]
    return f"{corpus}/{first}" if len(segments) > 1 else f"{corpus}/{first.rsplit('.', 1)[0] or first}"
