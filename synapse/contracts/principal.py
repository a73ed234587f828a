"""Who asks: a tenant's name, and what may be done in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from synapse.errors import InvalidInput

Tenant = NewType("Tenant", str)
"""The name of a tenant. A type of its own, so that no other text is taken for one."""

DEFAULT_TENANT: Final = Tenant("default")
TENANT_PATTERN: Final = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"


class Scope(StrEnum):
    """What a caller may do. ADMIN is within its tenant; OPERATOR is of the whole installation and has all the others."""

    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    WORKFLOWS_WRITE = "workflows:write"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"
    OPERATOR = "operator"


_IMPLIED: Final = {
    Scope.ADMIN: frozenset({Scope.RUNS_READ, Scope.RUNS_WRITE, Scope.WORKFLOWS_WRITE, Scope.ADMIN}),
    Scope.OPERATOR: frozenset(Scope),
}


@dataclass(frozen=True)
class Principal:
    """One caller. ``name`` is for people: the key's, or the subject of a token."""

    tenant: Tenant
    name: str
    scopes: frozenset[Scope]

    def allows(self, scope: Scope) -> bool:
        """Whether this may be done."""
        return scope in self.reach

    @property
    def is_operator(self) -> bool:
        """Whether the whole installation is theirs."""
        return Scope.OPERATOR in self.scopes

    @property
    def reach(self) -> frozenset[Scope]:
        """The scopes and all that they include."""
        return frozenset[Scope]().union(*(_IMPLIED.get(scope, frozenset({scope})) for scope in self.scopes))


OPERATOR: Final = Principal(DEFAULT_TENANT, "operator", frozenset({Scope.OPERATOR}))
"""Who holds the operator's token, and the programs of the installation itself."""


def tenant_of(text: str) -> Tenant:
    """The tenant of that name. Raises InvalidInput for what can be none."""
    if not re.fullmatch(TENANT_PATTERN, text):
        raise InvalidInput("a tenant is 1 to 63 lower-case letters, digits and dashes", field="tenant")
    return Tenant(text)


def scopes_among(words: Iterable[str]) -> frozenset[Scope]:
    """Those of the words that are scopes."""
    return frozenset(scope for scope in Scope if scope.value in set(words))
