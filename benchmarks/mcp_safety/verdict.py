"""What became of an attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """From good to bad; `worst` goes by this order."""

    NOT_APPLICABLE = "n.a."
    REFUSED = "refused"
    ANSWERED = "answered safely"
    ACCEPTED = "accepted"
    SWELLED = "swelled"
    LEAKED = "leaked"
    HUNG = "hung"
    CRASHED = "crashed"


SAFE = frozenset({Outcome.NOT_APPLICABLE, Outcome.REFUSED, Outcome.ANSWERED})
_ORDER = list(Outcome)


@dataclass(frozen=True)
class Verdict:
    """An outcome, and what shows it."""

    outcome: Outcome
    note: str = ""

    @property
    def safe(self) -> bool:
        """Whether nothing is to be mended."""
        return self.outcome in SAFE


def not_applicable(why: str) -> Verdict:
    """A case that this server cannot be put through."""
    return Verdict(Outcome.NOT_APPLICABLE, why)


def worst(attempts: Sequence[tuple[str, Verdict]]) -> Verdict:
    """The verdict on several attempts: the worst outcome, how many had it, and which."""
    counts = Counter(verdict.outcome for _, verdict in attempts)
    outcome = max(counts, key=_ORDER.index)
    bad = [f"`{name}`" + (f" ({verdict.note})" if verdict.note else "") for name, verdict in attempts if not verdict.safe]
    shown = ", ".join(bad[:4]) + (", …" if len(bad) > 4 else "")
    number = sum(count for each, count in counts.items() if each not in SAFE) or len(attempts)
    return Verdict(outcome, f"{number} of {len(attempts)}" + (f": {shown}" if shown else ""))
