"""What is done to whom, and when: nothing but a seed decides it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

How = Literal["kill", "term", "stop", "cut"]

DECK: dict[tuple[str, How], int] = {
    ("worker", "kill"): 6,
    ("worker", "term"): 2,
    ("worker", "stop"): 2,
    ("primary", "kill"): 2,
    ("primary", "stop"): 1,
    ("filesystem", "kill"): 2,
    ("filesystem", "term"): 1,
    ("api", "kill"): 2,
    ("api", "term"): 1,
    ("rabbitmq", "kill"): 1,
    ("rabbitmq", "term"): 1,
    ("rabbitmq", "stop"): 1,
    ("postgres", "kill"): 1,
    ("postgres", "term"): 1,
    ("postgres", "stop"): 1,
    ("postgres", "cut"): 1,
}
"""How often each comes until all have come. ``stop`` is SIGSTOP, and SIGCONT later; ``cut`` ends every connection."""


@dataclass(frozen=True)
class Blow:
    """``seconds`` after the one before, to one of the victims of that kind; ``pause`` is for how long a stopped one stands still."""

    seconds: float
    victim: str
    how: How
    pause: float = 0.0

    @property
    def name(self) -> str:
        """Its kind, e.g. ``worker kill``."""
        return f"{self.victim.rstrip('-0123456789')} {self.how}"


def plan(seed: int, victims: Sequence[str], every: float, lease: float) -> Iterator[Blow]:
    """Blows without an end, about ``every`` seconds. A deck is dealt, shuffled and dealt again, so that none is long in coming.

    Victims are named ``kind-number``. Half of those that are stopped stand still for longer than a lease.
    """
    chance = random.Random(seed)
    while True:
        deck = [card for card, count in DECK.items() for _ in range(count)]
        chance.shuffle(deck)
        for kind, how in deck:
            victim = chance.choice([name for name in victims if name.startswith(f"{kind}-")])
            pause = chance.uniform(0.5, 1.5) * lease if how == "stop" else 0.0
            yield Blow(round(chance.uniform(0.5, 1.5) * every, 3), victim, how, round(pause, 3))
