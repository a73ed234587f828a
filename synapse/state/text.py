"""JSON text as the database takes it."""

from __future__ import annotations

import json
import re
from typing import Any

from synapse.errors import Permanent

# Backslashes come in pairs before an escape that is none: the six characters of a quoted \\u0000 stay what they are.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(value: Any) -> str:
    """Compact JSON. NUL and half a surrogate pair become U+FFFD, for PostgreSQL's jsonb has neither.

    Raises Permanent on what is no JSON, such as NaN: nothing that is tried again makes it one.
    """
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise Permanent(f"cannot be kept as JSON: {error}") from error
    if "\\u0000" in text:
        text = _NUL.sub("\\1\ufffd", text)
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
