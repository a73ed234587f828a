"""A token bucket: how soon the next request may go out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from synapse.mcp_servers.providers.base import Pace


@dataclass
class Bucket:
    """Holds ``pace.burst`` tokens and fills at ``pace.per_second``. Kept as the time at which it is full again. Not for several threads."""

    pace: Pace
    clock: Callable[[], float] = time.monotonic
    _full_at: float = field(default=float("-inf"), init=False)

    def reserve(self, most: float) -> float | None:
        """Seconds to wait before the request that is reserved by this; None, and nothing reserved, when they are more than ``most``."""
        now, interval = self.clock(), 1.0 / self.pace.per_second
        full_at = max(now, self._full_at)
        wait = max(0.0, full_at - (self.pace.burst - 1) * interval - now)
        if wait > most:
            return None
        self._full_at = full_at + interval
        return wait

    def pause(self, seconds: float) -> None:
        """Let nothing out for so long; then one request, and the others at the bucket's pace."""
        self._full_at = max(self._full_at, self.clock() + seconds + (self.pace.burst - 1) / self.pace.per_second)
