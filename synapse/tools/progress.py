"""What a step says of how far it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

ProgressCallback = Callable[[float, float, str], Awaitable[None]]
"""(done, total, message); total is 0 when nobody knows it. Awaited on the background loop; what it raises is logged and dropped."""

_log = logging.getLogger(__name__)


async def forward(progress: ProgressCallback, done: float, total: float | None, message: str | None) -> None:
    """Tell it. Never fails."""
    try:
        await progress(done, total or 0.0, message or "")
    except Exception:
        _log.warning("a progress callback failed", exc_info=True)


class InOrder:
    """Tells of one thing after the other: the SDK starts each callback as it hears of something, and a slow one would be overtaken."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self._turn = asyncio.Lock()

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """Tell it. Never fails."""
        async with self._turn:
            await forward(self._progress, progress, total, message)
