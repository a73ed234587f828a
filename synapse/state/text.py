"""JSON text as the database takes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def dumps(value: Mapping[str, Any] | Sequence[Any] | None) -> str:
    """Compact JSON. NUL becomes U+FFFD, for PostgreSQL's jsonb has no NUL; raises ValueError on NaN, which is no JSON."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("\\u0000", "\ufffd") if "\\u0000" in text else text
