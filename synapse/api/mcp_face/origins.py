"""Which pages may call: a browser names the page that a request comes from, programs name none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_ORIGIN: Final = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)


def trusted(origins: Sequence[str], host: str, names: Iterable[str]) -> bool:
    """Whether a request with these Origin headers may come: none; or a page of the server itself, or of one of the names."""
    if not origins:
        return True
    match = _ORIGIN.fullmatch(origins[0]) if len(origins) == 1 else None
    if match is None:
        return False
    own = match[1] + (match[2] or "")
    return own.lower() == host.lower() or match[1].strip("[]").lower() in {name.strip("[]").lower() for name in names}
