"""Who calls, and what it is done with: what the endpoint hands to the MCP server with each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from synapse.contracts.principal import Principal
from synapse.service.service import Service

Progress = Callable[[float, float | None, str], Awaitable[None]]
"""(how much is done, of how much, in words) → told to the caller, where it wants to know."""

_KEY: Final = "synapse.mcp_call"


async def silent(done: float, total: float | None, message: str) -> None:
    """Nobody asked to be told."""


@dataclass(frozen=True)
class Call:
    """One request's caller, and the service acting for it."""

    service: Service
    principal: Principal
    progress: Progress = silent


def attach(scope: Any, call: Call) -> None:
    """Note the call in a request's ASGI scope."""
    scope[_KEY] = call


def call_of(scope: Any) -> Call:
    """The call of a request. Raises LookupError where nobody noted one: nothing is done for nobody."""
    found = scope.get(_KEY)
    if not isinstance(found, Call):
        raise LookupError("a request reached the MCP server without its caller")
    return found
