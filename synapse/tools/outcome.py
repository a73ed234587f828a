"""What becomes of a question to the model: a fixed list, which metrics count by."""

from __future__ import annotations

from enum import StrEnum

from synapse.errors import NoAnswer


class Outcome(StrEnum):
    """The first three are answers; the others are reasons why there is none."""

    OK = "ok"
    REPAIRED = "repaired"
    """Slips in its JSON were mended."""
    RETRIED = "retried"
    """The server was busy or failed meanwhile, or a first answer could not be used."""
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    """The key was refused."""
    UNKNOWN_MODEL = "unknown_model"
    """Or there is no such address on the server."""
    REJECTED = "rejected"
    SERVER_ERROR = "server_error"
    PROTOCOL = "protocol"
    """What answers is no server of this kind."""
    REFUSAL = "refusal"
    EMPTY = "empty"
    """Cut off before the answer, too."""
    BAD_JSON = "bad_json"
    BUDGET = "budget"
    CANCELLED = "cancelled"
    ERROR = "error"
    """Of the client itself."""

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self in (Outcome.OK, Outcome.REPAIRED, Outcome.RETRIED)


class Unanswered(NoAnswer):
    """The model gave nothing that can be used, and it is known what that counts as."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
