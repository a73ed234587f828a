"""What one run may use of the language model: counted before a request, settled after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from synapse.contracts.llm import Usage
from synapse.settings import LlmSettings
from synapse.tools.outcome import Outcome, Unanswered

# Kept of a step's time for what it does without the model: this share of what is left, but not more than these seconds.
_KEPT_SHARE, _KEPT_SECONDS = 0.25, 20.0
# An answer cut shorter than this is no answer.
_LEAST_OUT = 64
_BYTES_A_TOKEN = 3


def estimated(text: str) -> int:
    """Tokens of a text, rather too many than too few: no tokenizer makes more of prose."""
    return len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN + 1


@dataclass(frozen=True, slots=True)
class Reserved:
    """What one request may use."""

    tokens_in: int
    tokens_out: int


class Budget:
    """Counts for one step of a run, on top of what earlier steps have ``spent``. Used on one event loop."""

    def __init__(self, settings: LlmSettings, spent: Usage, deadline: datetime | None = None) -> None:
        self._settings = settings
        self._used = spent
        self._open: list[Reserved] = []
        self._until: float | None = None
        if deadline is not None:
            left = (deadline - datetime.now(UTC)).total_seconds()
            self._until = monotonic() + left - min(_KEPT_SECONDS, _KEPT_SHARE * left)

    @property
    def used(self) -> Usage:
        """What the run has used; requests under way count as calls only."""
        return self._used

    def seconds_left(self) -> float:
        """How long the next request may take at most, its own time-out apart. Not above 0 when the time is up."""
        left = self._settings.llm_max_seconds - self._used.seconds
        return left if self._until is None else min(left, self._until - monotonic())

    def reserve(self, tokens_in: int) -> Reserved:
        """Room for a request of an estimated size and for as long an answer as is left. Raises Unanswered when there is none."""
        settings, used = self._settings, self._used
        if used.calls >= settings.llm_max_calls:
            raise Unanswered(Outcome.BUDGET, f"the run's budget of {settings.llm_max_calls} requests is spent")
        if self.seconds_left() <= 0:
            if self._until is not None and monotonic() >= self._until:
                raise Unanswered(Outcome.TIMEOUT, "the step's time is up")
            raise Unanswered(Outcome.BUDGET, f"the run's budget of {settings.llm_max_seconds:g} seconds is spent")
        waiting_in, waiting_out = sum(each.tokens_in for each in self._open), sum(each.tokens_out for each in self._open)
        room = settings.llm_max_tokens_per_run - used.tokens - waiting_in - waiting_out - tokens_in
        if room < _LEAST_OUT:
            raise Unanswered(Outcome.BUDGET, f"the run's budget of {settings.llm_max_tokens_per_run} tokens is spent")
        room = min(room, settings.llm_max_tokens)
        if settings.llm_max_cost is not None:
            money = settings.llm_max_cost - used.cost - self.price(waiting_in + tokens_in, waiting_out)
            affordable = int(money * 1_000_000 / settings.llm_price_out) if settings.llm_price_out else room
            room = min(room, affordable) if money > 0 else 0
            if room < _LEAST_OUT:
                raise Unanswered(Outcome.BUDGET, f"the run's budget of {settings.llm_max_cost:g} is spent")
        reserved = Reserved(tokens_in, room)
        self._open.append(reserved)
        self._used = used.model_copy(update={"calls": used.calls + 1})
        return reserved

    def settle(self, reserved: Reserved, tokens_in: int, tokens_out: int, seconds: float, *, guessed: bool = False) -> None:
        """Count what a request has really used; ``guessed`` when the server did not say."""
        self._open.remove(reserved)
        used = self._used
        self._used = used.model_copy(
            update={
                "tokens_in": used.tokens_in + tokens_in,
                "tokens_out": used.tokens_out + tokens_out,
                "estimated": used.estimated or guessed,
                "cost": round(used.cost + self.price(tokens_in, tokens_out), 6),
                "seconds": round(used.seconds + seconds, 3),
            }
        )

    def waited(self, seconds: float) -> None:
        """Count a wait between two requests."""
        self._used = self._used.model_copy(update={"seconds": round(self._used.seconds + seconds, 3)})

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return (tokens_in * self._settings.llm_price_in + tokens_out * self._settings.llm_price_out) / 1_000_000
