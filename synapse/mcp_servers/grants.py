"""What a caller may do: scopes, and which of them a tool needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from mcp_types import ToolAnnotations

READ: Final = "tools:read"
WRITE: Final = "tools:write"
BROWSE: Final = "tools:browse"
SCOPES: Final = (READ, BROWSE, WRITE)

_KEY: Final = "synapse.grant"


@dataclass(frozen=True)
class Grant:
    """The scopes of one request."""

    scopes: frozenset[str]
    is_shared: bool = False
    """Whether it is nobody's own: of the one token that all agents have, or of no token where none is asked for."""

    def allows(self, scope: str) -> bool:
        """Whether a scope was granted."""
        return scope in self.scopes

    @property
    def is_whole(self) -> bool:
        """Whether nothing is withheld."""
        return self.scopes.issuperset(SCOPES)


EVERYTHING: Final = Grant(frozenset(SCOPES), is_shared=True)
"""What agents with the shared token may do, and anybody on loopback while there is none."""


def granted(scopes: Iterable[str]) -> Grant:
    """Of these scopes, those that mean something here."""
    return Grant(frozenset(scopes).intersection(SCOPES))


def scope_of(annotations: ToolAnnotations | None) -> str:
    """The scope a tool needs, told by its hints: one that says nothing of itself counts as one that writes."""
    if annotations is None or not annotations.read_only_hint:
        return WRITE
    return BROWSE if annotations.open_world_hint in (None, True) else READ


def attach(scope: Any, grant: Grant) -> None:
    """Note the grant in a request's ASGI scope."""
    scope[_KEY] = grant


def grant_of(scope: Any) -> Grant:
    """The grant of a request; nothing is granted where nobody noted one."""
    found = scope.get(_KEY)
    return found if isinstance(found, Grant) else Grant(frozenset())
