from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from synapse.errors import Unavailable
from synapse.telemetry import py_spy

RAW = """thread (32114): burner;Thread._bootstrap (threading.py:988);burn (work.py:3) 199
thread (32112): MainThread;<module> (work.py:1) 8
thread (0x7F12);lonely (work.py:9) 1
nonsense
"""


def program(folder: Path, script: str) -> str:
    file = folder / "py-spy"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_its_raw_format_is_read() -> None:
    found = py_spy.parse(RAW, seconds=2, rate=100)
    assert [(stack.thread, stack.frames[-1], stack.samples, stack.cpu_seconds) for stack in found.stacks] == [
        ("burner", "burn (work.py:3)", 199, 1.99),
        ("MainThread", "<module> (work.py:1)", 8, 0.08),
        ("thread (0x7F12)", "lonely (work.py:9)", 1, 0.01),
    ]
    assert (found.source, found.samples) == ("py-spy", 200)


def test_it_is_asked_for_whole_seconds_of_one_process(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f'echo "$@" > {said}; while [ "$1" != --output ]; do shift; done; echo "thread (1): t;f (x.py:1) 5" > "$2"'
    found = py_spy.record(program(tmp_path, script), 7, 1.6, 50)
    assert said.read_text().startswith("record --pid 7 --duration 2 --rate 50 --format raw --function --threads --gil --output ")
    assert found.cpu_seconds == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("script", "why"),
    [("echo 'Error: Permission Denied' >&2; exit 1", "process 7: Error: Permission Denied"), ("exit 0", "it says nothing")],
    ids=["it may not", "nothing came of it"],
)
def test_where_it_may_not_look_that_is_told(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(Unavailable, match=why):
        py_spy.record(program(tmp_path, script), 7, 1, 50)


def test_a_program_that_does_not_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="py-spy does not work here"):
        py_spy.record(str(tmp_path / "none"), 7, 1, 50)


def test_it_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert py_spy.installed() is None
    assert py_spy.installed() == shutil.which("py-spy")
    assert program(tmp_path, "true") == py_spy.installed()
