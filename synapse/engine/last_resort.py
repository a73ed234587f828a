"""Ending a pool process whose step cannot be stopped otherwise: by itself, or by the kernel when not even that is possible."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_GRACE = 5.0
"""Seconds after a step's time that its process is given to end itself; only code that never lets go of the interpreter needs more."""


def end_process() -> None:
    """End this process at once. Its message goes back to the queue, and the ledger knows what became of the step."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """Have the kernel end the process when the block takes so much longer that nothing in the process can have ended it.

    Only on the main thread, where a pool process does its steps; elsewhere nothing is watched.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # The default for this signal: no Python code runs, which a function stuck in C would not let.
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
