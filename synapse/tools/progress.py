"""What a step says of how far it is."""

from __future__ import annotations

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
