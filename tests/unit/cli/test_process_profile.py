from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from synapse.cli import process_profile
from synapse.cli.process_profile import view, watch
from synapse.cli.processes import Process
from synapse.errors import Unavailable
from synapse.telemetry import control_client, py_spy
from synapse.telemetry.control_client import Door
from synapse.telemetry.profiles import Profile, Stack


def profile(source: str) -> Profile:
    stacks = (
        Stack(thread="busy", frames=("run (a.py:1)", "work (b.py:2)"), samples=90, cpu_seconds=0.75),
        Stack(thread="idle", frames=("wait (c.py:3)",), samples=100, cpu_seconds=0.0),
    )
    return Profile(source=source, seconds=1.0, samples=100, cost_seconds=0.02, stacks=stacks)


WORKERS = [Process(Door(Path(f"worker.{pid}.sock"), "worker", pid), None) for pid in (7, 8)]


def text(found: dict[str, Profile]) -> str:
    console = Console(width=100, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(view(found), soft_wrap=True)
    return captured.get()


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_client, "profile", lambda door, seconds, rate: profile("inside") if door.pid == 7 else None)


def test_without_py_spy_each_looks_at_itself_and_one_that_has_gone_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(py_spy, "installed", lambda: None)
    found = watch(WORKERS, 1, 100, None)
    assert {name: each.source for name, each in found.items()} == {"worker 7": "inside"}


def test_py_spy_looks_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(py_spy, "installed", lambda: "/bin/py-spy")
    monkeypatch.setattr(py_spy, "record", lambda program, pid, seconds, rate: profile(f"{program} {pid}"))
    assert [each.source for each in watch(WORKERS, 1, 100, None).values()] == ["/bin/py-spy 7", "/bin/py-spy 8"]
    assert [each.source for each in watch(WORKERS, 1, 100, False).values()] == ["inside"]


def test_where_py_spy_may_not_look_the_process_does_unless_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(program: str, pid: int, seconds: float, rate: float) -> Profile:
        raise Unavailable("py-spy may not look at it")

    monkeypatch.setattr(py_spy, "installed", lambda: "/bin/py-spy")
    monkeypatch.setattr(py_spy, "record", refused)
    assert [each.source for each in watch(WORKERS[:1], 1, 100, None).values()] == ["inside"]
    assert "may not look at it; the process looks itself" in capsys.readouterr().err
    with pytest.raises(Unavailable, match="may not look at it"):
        watch(WORKERS[:1], 1, 100, True)


def test_one_that_cannot_be_watched_is_told_and_the_others_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(door: Door, seconds: float, rate: float) -> Profile:
        if door.pid == 8:
            raise Unavailable("the worker with process id 8 does not answer")
        return profile("inside")

    monkeypatch.setattr(control_client, "profile", asked)
    assert list(watch(WORKERS, 1, 100, False)) == ["worker 7"]
    assert "process id 8 does not answer" in capsys.readouterr().err
    with pytest.raises(Unavailable, match="process id 8 does not answer"):
        watch(WORKERS[1:], 1, 100, False)


def test_where_all_have_ended_that_is_told() -> None:
    with pytest.raises(Unavailable, match="ended meanwhile"):
        watch(WORKERS[1:], 1, 100, False)


def test_py_spy_that_is_asked_for_and_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(py_spy, "installed", lambda: None)
    with pytest.raises(Unavailable, match="not installed"):
        watch(WORKERS, 1, 100, True)


def test_processes_threads_and_functions_are_listed() -> None:
    shown = text({"worker 7": profile("the process itself")})
    assert shown.startswith("worker 7: 0.77 s of the processor, 0.02 s of it for looking, in 1.0 s\n")
    assert [line.split() for line in shown.splitlines()[2:5]] == [
        ["thread", "busy", "s", "share", "mostly", "in"],
        ["busy", "0.750", "100%", "work", "(b.py:2)"],
        ["idle", "0.000", "100%", "wait", "(c.py:3)"],
    ]
    assert shown.splitlines()[-1].split() == ["0.750", "100%", "0.750", "work", "(b.py:2)"]


def test_what_py_spy_counts_is_not_called_time_of_the_processor() -> None:
    assert text({"worker 7": profile(py_spy.SOURCE)}).startswith("worker 7: 0.75 s of the interpreter, seen by py-spy in 1.0 s\n")


def test_of_very_much_the_most_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_profile, "_MOST_THREADS", 1)
    assert "idle" not in text({"worker 7": profile("the process itself")})
