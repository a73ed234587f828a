"""Whether this worker was asked to stop, and how long ago: known to every process of its pool."""

from __future__ import annotations

import mmap
import struct
from time import monotonic
from typing import Final

_SINCE: Final = struct.Struct("d")


class Stopping:
    """A mark that is made once. Processes that are forked after it was made share it, for signals reach their parent only."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _SINCE.size)

    def ask(self) -> None:
        """The worker was asked to stop. Takes no lock: a signal's handler may call it."""
        if not self.asked:
            _SINCE.pack_into(self._shared, 0, monotonic())

    def forget(self) -> None:
        """It starts again."""
        _SINCE.pack_into(self._shared, 0, 0.0)

    @property
    def asked(self) -> bool:
        """Whether it was."""
        return bool(_SINCE.unpack_from(self._shared)[0])

    @property
    def seconds(self) -> float:
        """How long ago; 0 when it was not."""
        since: float = _SINCE.unpack_from(self._shared)[0]
        return max(0.0, monotonic() - since) if since else 0.0
