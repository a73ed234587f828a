from __future__ import annotations

import os
from pathlib import Path

from synapse.telemetry import memory
from synapse.telemetry.memory import Memory

ROLLUP = """55d8c0000000-7ffd00000000 ---p 00000000 00:00 0    [rollup]
Rss:               2000 kB
Pss:               1500 kB
Pss_Dirty:         1000 kB
Shared_Clean:       700 kB
Private_Clean:      300 kB
Private_Dirty:     1000 kB
Swap:                64 kB
SwapPss:             32 kB
"""


def process(proc: Path, pid: str, *children: int) -> None:
    (proc / pid / "task" / "1").mkdir(parents=True)
    (proc / pid / "smaps_rollup").write_text(ROLLUP)
    (proc / pid / "task" / "1" / "children").write_text(" ".join(map(str, children)))


def test_what_linux_counts_is_told_in_bytes(tmp_path: Path) -> None:
    process(tmp_path, "7")
    assert memory.held(7, proc=tmp_path) == Memory(rss=2_048_000, pss=1_536_000, private=1_331_200, swap=65_536)


def test_a_process_that_has_ended_holds_nothing_that_could_be_told(tmp_path: Path) -> None:
    assert memory.held(7, proc=tmp_path) is None


def test_a_worker_and_the_processes_of_its_pool_are_added_up_also_when_one_has_ended(tmp_path: Path) -> None:
    process(tmp_path, "self", 8, 9)
    process(tmp_path, "8", 10)
    process(tmp_path, "10")
    assert memory.of_family(proc=tmp_path).pss == 3 * 1_536_000


def test_this_process_holds_something() -> None:
    mine = memory.held()
    assert mine is not None
    assert mine.rss >= mine.private > 1_000_000
    assert memory.of_family(os.getpid()).pss >= mine.pss // 2
