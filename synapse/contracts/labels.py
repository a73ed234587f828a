"""Labels: what a tenant sorts its runs by, as few small texts by key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, JsonValue

from synapse.errors import InvalidInput

MOST_LABELS: Final = 32
LABEL_KEY: Final = r"^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$"
LABEL_VALUE: Final = r"^[^\x00-\x1f\x7f]{0,128}$"

# A key that is none is refused; without this a JSON Schema would say nothing of it.
_ONLY: Final[dict[str, JsonValue]] = {"additionalProperties": False}

LabelKey = Annotated[str, Field(pattern=LABEL_KEY, examples=["team"])]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=128, examples=["sales"])]
Labels = Annotated[
    dict[LabelKey, LabelValue], Field(max_length=MOST_LABELS, examples=[{"team": "sales", "ticket": "4711"}], json_schema_extra=_ONLY)
]
LabelChange = Annotated[
    dict[LabelKey, LabelValue | None],
    Field(min_length=1, max_length=2 * MOST_LABELS, examples=[{"team": "support", "ticket": None}], json_schema_extra=_ONLY),
]
"""A JSON merge patch (RFC 7396): a text sets a label, null takes it away, what is not named stays."""
LabelFilter = Annotated[
    str,
    Field(
        pattern=LABEL_KEY.removesuffix("$") + r"(?::[^\x00-\x1f\x7f]{0,128})?$",
        description="``key:value``, or ``key`` alone for any value.",
        examples=["team:sales"],
    ),
]


def label_filter(text: str) -> tuple[str, str | None]:
    """The key and the value of ``key:value``; None for a key alone. Raises InvalidInput."""
    key, colon, value = text.partition(":")
    if not re.fullmatch(LABEL_KEY, key) or not re.fullmatch(LABEL_VALUE, value):
        raise InvalidInput(f"{text[:80]!r} is no label", field="label", remedy="write it as key:value, or key alone")
    return key, value if colon else None


def changed(labels: Mapping[str, str], change: Mapping[str, str | None]) -> dict[str, str]:
    """The labels after a change. Raises InvalidInput when they are too many."""
    merged = {**labels, **change}
    kept = {key: value for key, value in merged.items() if value is not None}
    if len(kept) > MOST_LABELS:
        raise InvalidInput(f"{len(kept)} labels", field="labels", remedy=f"at most {MOST_LABELS}; null takes one away")
    return dict(sorted(kept.items()))
