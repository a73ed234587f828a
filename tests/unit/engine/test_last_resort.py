from __future__ import annotations

import signal
import subprocess
import sys
import threading

from synapse.engine.last_resort import watched

STUCK = """
from synapse.engine import last_resort
last_resort._GRACE = 0.0
with last_resort.watched(0.05):
    while True:
        pass
"""


def test_the_kernel_ends_a_process_that_overruns_and_cannot_end_itself() -> None:
    assert subprocess.run([sys.executable, "-c", STUCK], timeout=60, check=False).returncode == -signal.SIGALRM


def test_the_process_ends_itself() -> None:
    script = "from synapse.engine.last_resort import end_process; end_process()"
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == -signal.SIGKILL


def test_on_another_thread_nothing_is_watched() -> None:
    seen: list[float] = []

    def work() -> None:
        before = signal.getitimer(signal.ITIMER_REAL)[0]
        with watched(100_000):
            seen.append(signal.getitimer(signal.ITIMER_REAL)[0] - before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0] <= 0.0
