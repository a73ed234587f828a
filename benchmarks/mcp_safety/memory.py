"""How much memory a process and its children have."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

_LOOK = 0.01
_PSS = re.compile(r"^Pss: +(\d+) kB$", re.MULTILINE)


def resident(pid: int) -> int:
    """Bytes of the process and of all that it started, what they share counted once (PSS); 0 when it is gone.

    A copy made by fork shares nearly all of its memory: counted by its resident size it would seem to double what there is.
    """
    total = 0
    with contextlib.suppress(OSError, TypeError):
        total += int(_PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())[1]) * 1024  # type: ignore[index]
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(resident(int(child)) for child in (task / "children").read_text().split())
    return total


class Growth:
    """The most that a process had, over what it had at first."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.before = self.peak = resident(pid)

    @property
    def megabytes(self) -> float:
        """What was added at the peak, in MB."""
        return (self.peak - self.before) / 1e6

    def look(self) -> None:
        """Take the present size into account."""
        self.peak = max(self.peak, resident(self._pid))


@contextlib.asynccontextmanager
async def growing(pid: int) -> AsyncIterator[Growth]:
    """Watch a process while the block runs."""
    growth = Growth(pid)

    async def watch() -> None:
        while True:
            growth.look()
            await asyncio.sleep(_LOOK)

    task = asyncio.create_task(watch())
    try:
        yield growth
    finally:
        task.cancel()
