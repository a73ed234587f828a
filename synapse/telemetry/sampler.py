"""A process looks at its own threads for a while: where each one is, and what it took of the processor since the last look.

It needs no right that a container may not have, for nobody looks from outside. While nobody asks, nothing of it runs.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Final

from synapse.telemetry.profiles import Profile, Stack

_DEEPEST: Final = 200
_MOST_STACKS: Final = 20_000
_BEYOND: Final = "(other stacks)"

_Key = tuple[str, tuple[int, ...]]


def sample(seconds: float, rate: float = 100.0, wanted: Callable[[], bool] = lambda: True) -> Profile:
    """Look at all threads but this one, ``rate`` times a second, for so long or until it is wanted no more.

    The processor's time is the kernel's own count of each thread, so that it is exact even where looks come late because a thread
    keeps the interpreter; it goes to the stack at the end of the interval.
    """
    tally = _Tally()
    began, cost = time.monotonic(), time.thread_time()
    looks, due = 0, began
    while (now := time.monotonic()) - began < seconds and wanted():
        if now < due:
            time.sleep(due - now)
        tally.look()
        looks += 1
        # What was missed is not made up for: that would only add to the work of a process that has too much of it.
        due = max(due + 1 / rate, time.monotonic())
    return Profile(
        source="the process itself",
        seconds=round(time.monotonic() - began, 3),
        samples=looks,
        cost_seconds=round(time.thread_time() - cost, 4),
        stacks=tally.stacks(),
    )


class _Tally:
    def __init__(self) -> None:
        self._me = threading.get_ident()
        self._codes: dict[int, CodeType] = {}
        self._counts: dict[_Key, int] = {}
        self._seconds: dict[_Key, float] = {}
        self._clocks: dict[int, float] = {}

    def look(self) -> None:
        """Once at every thread."""
        known = {thread.ident: thread for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident == self._me:
                continue
            thread = known.get(ident)
            key = (thread.name if thread is not None else f"thread {ident}", self._stack_of(frame))
            if key not in self._counts and len(self._counts) >= _MOST_STACKS:
                key = (key[0], ())
            self._counts[key] = self._counts.get(key, 0) + 1
            if thread is not None and thread.native_id is not None:
                self._seconds[key] = self._seconds.get(key, 0.0) + self._since_last(thread.native_id)

    def _stack_of(self, frame: FrameType | None) -> tuple[int, ...]:
        found: list[int] = []
        while frame is not None and len(found) < _DEEPEST:
            # By identity: comparing code objects compares all that is in them. They are kept, so that no other takes the place.
            self._codes[id(frame.f_code)] = frame.f_code
            found.append(id(frame.f_code))
            frame = frame.f_back
        return tuple(reversed(found))

    def _since_last(self, native: int) -> float:
        now = _cpu_seconds(native)
        if now is None:
            return 0.0
        before = self._clocks.get(native, now)
        self._clocks[native] = now
        return max(0.0, now - before)

    def stacks(self) -> tuple[Stack, ...]:
        """All that was seen, with names for the functions."""
        names = {ident: _name(code) for ident, code in self._codes.items()}
        merged: dict[tuple[str, tuple[str, ...]], tuple[int, float]] = {}
        for (thread, codes), count in self._counts.items():
            key = (thread, tuple(names[code] for code in codes) or (_BEYOND,))
            seen, seconds = merged.get(key, (0, 0.0))
            merged[key] = (seen + count, seconds + self._seconds.get((thread, codes), 0.0))
        return tuple(
            Stack(thread=thread, frames=frames, samples=count, cpu_seconds=round(seconds, 6))
            for (thread, frames), (count, seconds) in merged.items()
        )


def _cpu_seconds(native: int) -> float | None:
    """The processor's time of a thread, by the clock that Linux has for each; None once it has ended.

    Made of the kernel's id as glibc makes it. ``time.pthread_getcpuclockid`` asks the thread itself, and reads freed memory when it ended.
    """
    try:
        return time.clock_gettime((~native << 3) | 6)
    except (OSError, OverflowError):  # no Linux, whose ids are small
        return None


def _name(code: CodeType) -> str:
    return f"{code.co_qualname} ({_short(code.co_filename)}:{code.co_firstlineno})"


def _short(file: str) -> str:
    """The file as it is imported: what stands before that differs from machine to machine."""
    roots = [root for root in sys.path if root and file.startswith(root.rstrip("/") + "/")]
    return file[len(max(roots, key=len).rstrip("/")) + 1 :] if roots else file
