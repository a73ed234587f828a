"""Which of the formats there are a client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def best(accept: str | None, offers: Sequence[str]) -> str | None:
    """The media type among ``offers`` that the header likes best, the earlier of two it likes equally; None when it takes none."""
    ranges = [_range(part) for part in (accept or "*/*").split(",") if part.strip()]
    liked = [(max(_quality(offer, ranges)), -place, offer) for place, offer in enumerate(offers)]
    quality, _, offer = max(liked, default=(0.0, 0, ""))
    return offer if quality > 0 else None


def _range(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return kind, min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return kind, 0.0
    return kind, 1.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> list[float]:
    """What the most specific range that covers the offer says of it."""
    for pattern in (offer, offer.partition("/")[0] + "/*", "*/*"):
        found = [quality for kind, quality in ranges if kind == pattern]
        if found:
            return found
    return [0.0]
