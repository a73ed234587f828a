"""A server that speaks OpenAI's chat protocol, as the rest of this package sees it; `openai_chat` is the one over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from synapse.tools.outcome import Outcome, Unanswered

_KINDS: Final = {
    401: Outcome.DENIED,
    403: Outcome.DENIED,
    404: Outcome.UNKNOWN_MODEL,
    429: Outcome.RATE_LIMITED,
    503: Outcome.RATE_LIMITED,
    529: Outcome.RATE_LIMITED,
}
_WHY: Final = {
    Outcome.DENIED: "it refused the key",
    Outcome.UNKNOWN_MODEL: "it knows no such model or address",
    Outcome.RATE_LIMITED: "it is busy",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a server."""

    text: str
    finish: str | None = None
    refused: bool = False
    tokens: tuple[int, int] | None = None
    """In and out, where the server says so."""


class Refused(Unanswered):
    """The server answered with an error. What it said may hold anything, the key included, and is for reading only."""

    def __init__(self, status: int, said: str, retry_after: float) -> None:
        outcome = _KINDS.get(status, Outcome.SERVER_ERROR if status >= 500 else Outcome.REJECTED)
        super().__init__(outcome, f"the server answered {status}: {_WHY.get(outcome, 'no more is known')}")
        self.http_status = status
        self.said = said
        self.retry_after = retry_after

    @property
    def busy(self) -> bool:
        """Whether it asks to come back later, in ``retry_after`` seconds."""
        return self.outcome is Outcome.RATE_LIMITED

    @property
    def broken(self) -> bool:
        """Whether the fault is the server's own."""
        return self.outcome is Outcome.SERVER_ERROR


class Unreachable(Unanswered):
    """The server cannot be reached."""

    def __init__(self) -> None:
        super().__init__(Outcome.UNREACHABLE, "the server cannot be reached")


class Chat(Protocol):
    """Connections to one server. All methods run on the same event loop."""

    async def complete(self, request: dict[str, Any]) -> Reply:
        """One chat completion, without a time limit of its own. Raises Refused, Unreachable, or Unanswered for a stranger's answer."""

    async def models(self) -> list[str]:
        """Names of the models that it says it has. Raises as `complete` does."""

    async def close(self) -> None:
        """Close what is open."""
