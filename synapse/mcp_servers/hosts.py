"""Which ``Host`` and ``Origin`` headers are answered.

A page of another site can have its own name point to this machine, and then its requests carry that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_AUTHORITY: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_SCHEMES: Final = ("http", "https")


@dataclass(frozen=True)
class KnownNames:
    """The operator's host names, without port; each is answered on any port."""

    names: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> KnownNames:
        """These names; an IPv6 address may stand in brackets or not."""
        return cls(frozenset(name.strip("[]").lower() for name in names))

    def answers(self, hosts: Sequence[bytes]) -> bool:
        """Whether a request with these Host headers is for us: exactly one, and one of the names."""
        return len(hosts) == 1 and self._is_known(hosts[0].decode("latin-1"))

    def trusts(self, origins: Sequence[bytes]) -> bool:
        """Whether a request with these Origin headers may come: none, as programs send it, or a page of one of the names."""
        if not origins:
            return True
        scheme, separator, authority = origins[0].decode("latin-1").partition("://")
        return len(origins) == 1 and bool(separator) and scheme in _SCHEMES and self._is_known(authority)

    def _is_known(self, authority: str) -> bool:
        match = _AUTHORITY.fullmatch(authority)
        return match is not None and (match[1] or match[2]).lower() in self.names
