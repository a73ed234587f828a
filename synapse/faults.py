"""Points of the protocol at which a test has a process die, stop, hang, fail or run out of memory.

`reach` does nothing at all unless ``SYNAPSE_FAULTS`` was set when the process began. It is set by tests only, to JSON::

    {"seed": 7, "who": "worker-1", "marks": "/tmp/marks", "rules": [{"at": "after-claim", "do": "kill", "where": "block"}]}

What happens depends on the seed, on who the process is and on how often it has been there, never on the time: the same
seed gives the same faults. Each fault leaves a file in the folder of marks before it happens.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

POINTS = {
    "before-submit": "before a run is written",
    "in-submit": "after a run is written, before its first messages",
    "before-claim": "before the claim",
    "after-claim": "after the claim",
    "in-agent": "in the agent",
    "in-tool": "in a tool call",
    "before-commit": "before the commit",
    "in-commit": "in a transaction, all statements done",
    "in-join": "in a join's last arrival",
    "in-finish": "in the finish of the run",
    "after-commit": "after the commit, before its messages",
    "in-publish": "in publish, before the confirm",
    "before-ack": "after publish, before the ack",
    "after-ack": "after the ack",
    "in-sweep": "in the reconciler, before its messages",
    "in-delivery": "a delivery to a webhook is claimed, before its request",
    "in-signal": "after a signal is kept, before the messages of what it led to",
    "in-relay": "in the relay of events, before its place is left",
}
"""Every point, with where it is in words. The ack is Celery's: a request class of the tests says when it was sent."""

_HOLD = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_MOST = 1024
_LOOK = 0.02


class FaultInjected(Exception):
    """An exception that nothing foresaw; only tests meet it."""


@dataclass(frozen=True)
class Rule:
    """At a point do something: from the ``nth`` time in a process on, ``times`` times in all processes, each time with a ``chance``."""

    at: str
    do: Literal["kill", "stop", "hang", "raise", "memory", "hog"]
    where: str = ""
    nth: int = 1
    times: int = 1
    chance: float = 1.0

    def __post_init__(self) -> None:
        if self.at not in POINTS:
            raise ValueError(f"there is no point {self.at!r}")


class Faults:
    """The rules of one process. Thread-safe."""

    def __init__(self, rules: list[Rule], marks: Path, seed: int = 0, who: str = "") -> None:
        self._rules = rules
        self._marks = marks
        self._seed = seed
        self._who = who
        self._counts = [0] * len(rules)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, text: str) -> Faults:
        """Those that ``SYNAPSE_FAULTS`` describes. Raises ValueError, KeyError or TypeError when it describes none."""
        data = json.loads(text)
        return cls([Rule(**rule) for rule in data["rules"]], Path(data["marks"]), data.get("seed", 0), data.get("who", ""))

    def reach(self, point: str, where: str = "") -> None:
        """A process is at that point, with that step, tool or queue."""
        for number, rule in enumerate(self._rules):
            if rule.at == point and rule.where in where and self._due(number, rule) and self._mark(number, rule, where):
                self._do(rule)

    def _due(self, number: int, rule: Rule) -> bool:
        with self._lock:
            self._counts[number] += 1
            count = self._counts[number]
        return count >= rule.nth and random.Random(f"{self._seed}:{self._who}:{number}:{count}").random() < rule.chance

    def _mark(self, number: int, rule: Rule, where: str) -> bool:
        """Whether this fault is still to happen; the file says that it did, to other processes too."""
        for time_ in range(rule.times):
            try:
                handle = os.open(self._marks / f"{number}-{rule.at}-{time_}", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                continue
            with os.fdopen(handle, "w") as file:
                json.dump({"do": rule.do, "at": rule.at, "where": where, "who": self._who, "pid": os.getpid(), "time": time.time()}, file)
            return True
        return False

    def _do(self, rule: Rule) -> None:
        if rule.do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif rule.do == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif rule.do == "hang":
            while not (self._marks / "go").exists():
                time.sleep(_LOOK)
        elif rule.do == "memory":
            _exhaust()
        elif rule.do == "hog":
            _hog()
        else:
            raise FaultInjected(f"injected at {rule.at}")


def _exhaust() -> None:
    """Ask for memory until there is no more: MemoryError, and whoever asks meanwhile gets it too."""
    import resource  # not on every platform

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _HOLD, hard))
    held: list[bytearray] = []
    try:
        while True:
            held.append(bytearray(_CHUNK))
    finally:
        held.clear()
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _hog() -> None:
    """Take memory, and use it, until the kernel ends the process; ends by itself where nothing bounds it."""
    held = [bytearray(os.urandom(16) * (_CHUNK // 16)) for _ in range(_MOST)]
    raise MemoryError(f"took {len(held)} MB and was not stopped")


def nothing(point: str, where: str = "") -> None:
    """Nothing happens."""


reach: Callable[..., None] = Faults.of(os.environ["SYNAPSE_FAULTS"]).reach if "SYNAPSE_FAULTS" in os.environ else nothing
"""Called as ``reach(point, where)``."""
