"""What a process holds of the machine's memory, as Linux counts it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from synapse.contracts.evidence import Frozen

_PROC: Final = Path("/proc")
_KILO: Final = 1024
_LINES: Final = {"Rss": "rss", "Pss": "pss", "Private_Clean": "private", "Private_Dirty": "private", "Swap": "swap"}


class Memory(Frozen):
    """Of one process or several, in bytes."""

    rss: int = 0
    """Resident: pages that several processes share are counted for each of them."""
    pss: int = 0
    """Proportional: such a page is divided among those who share it, so that this may be added up."""
    private: int = 0
    """What would be free if the process ended."""
    swap: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(**{name: getattr(self, name) + getattr(other, name) for name in Memory.model_fields})


def held(pid: int | None = None, *, proc: Path = _PROC) -> Memory | None:
    """What this process holds, or the one of that id; None where that cannot be told: it ended, or this is no Linux."""
    try:
        lines = (proc / str(pid or "self") / "smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    found = dict.fromkeys(Memory.model_fields, 0)
    for line in lines:
        name, _, value = line.partition(":")
        if name in _LINES:
            found[_LINES[name]] += int(value.split()[0]) * _KILO
    return Memory(**found)


def of_family(pid: int | None = None, *, proc: Path = _PROC) -> Memory:
    """What the process and all its descendants hold together."""
    members: list[int | None] = [pid]
    total = Memory()
    for member in members:
        total += held(member, proc=proc) or Memory()
        members += _children(member, proc)
    return total


def _children(pid: int | None, proc: Path) -> list[int]:
    found: list[int] = []
    for task in (proc / str(pid or "self") / "task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue  # the thread, or the process, has ended meanwhile
    return found
