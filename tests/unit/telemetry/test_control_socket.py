from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from synapse.errors import Unavailable
from synapse.settings import ControlSettings
from synapse.telemetry import control_socket
from synapse.telemetry.control_socket import ControlSocket
from tests.waiting import until


@pytest.fixture
def place(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(short_folder / "run"))
    return short_folder / "run"


@pytest.fixture
def opened(place: Path) -> Iterator[Path]:
    with closing(ControlSocket("mcp primary", queues=("synapse-search",)).open()):
        yield place / f"mcp-primary.{os.getpid()}.sock"


def ask(path: Path, question: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(str(path))
        line.sendall(question + b"\n")
        return json.loads(b"".join(iter(lambda: line.recv(65_536), b"")))  # type: ignore[no-any-return]


def test_a_process_says_what_it_is_and_what_it_holds(opened: Path) -> None:
    told = ask(opened, b'{"ask": "report"}')
    assert (told["card"]["role"], told["card"]["pid"], told["card"]["queues"]) == ("mcp primary", os.getpid(), ["synapse-search"])
    assert told["memory"]["rss"] > 1_000_000


def test_a_process_looks_at_itself_for_as_long_as_it_is_asked_to(opened: Path) -> None:
    told = ask(opened, b'{"ask": "profile", "seconds": 0.2, "rate": 50}')
    assert told["seconds"] >= 0.2
    assert {"MainThread", "synapse-control"} <= {stack["thread"] for stack in told["stacks"]}


def test_only_its_user_may_knock(opened: Path) -> None:
    assert stat.S_IMODE(opened.stat().st_mode) == 0o600
    assert stat.S_IMODE(opened.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (b"what?", "Invalid JSON"),
        (b'{"ask": "profile", "seconds": 601}', "seconds: "),
        (b'{"ask": "profile", "rate": 0}', "rate: "),
        (b'{"ask": "secrets"}', "nobody here knows 'secrets'"),
        (b"x" * 4095, "Invalid JSON"),
    ],
)
def test_what_cannot_be_answered_is_refused(opened: Path, question: bytes, said: str) -> None:
    assert said in ask(opened, question)["error"]


def test_a_second_measurement_is_refused_and_ends_when_who_asked_for_the_first_has_gone(opened: Path) -> None:
    with socket.socket(socket.AF_UNIX) as first:
        first.connect(str(opened))
        first.sendall(b'{"ask": "profile", "seconds": 600}\n')
        short = b'{"ask": "profile", "seconds": 0.1}'
        until(ControlSocket._sampling.locked, "the first is under way")
        assert "somebody else measures" in ask(opened, short)["error"]
        assert ask(opened, b'{"ask": "report"}')["card"]["pid"] == os.getpid()
    until(lambda: "stacks" in ask(opened, short), "the first has ended")


def test_closed_it_leaves_no_socket_and_no_thread(place: Path) -> None:
    made = ControlSocket("worker").open()
    assert [path.name for path in place.iterdir()] == [f"worker.{os.getpid()}.sock"]
    made.close()
    made.close()
    assert not list(place.iterdir())
    until(lambda: "synapse-control" not in {each.name for each in threading.enumerate()}, "the thread has ended")


def test_a_forked_child_does_not_keep_the_door_of_its_parent_open(place: Path) -> None:
    script = """
import os, sys
from synapse.telemetry.control_socket import ControlSocket
opened = ControlSocket("worker").open()
kept = opened._listener.fileno()
if not os.fork():
    sys.stdout.write(os.readlink(f"/proc/self/fd/{kept}") if os.path.lexists(f"/proc/self/fd/{kept}") else "left ")
    sys.stdout.flush()
    os._exit(0)
os.wait()
sys.stdout.write(f"{len(os.listdir(os.environ['SYNAPSE_RUNTIME_DIR']))} open")
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "left 1 open"


def test_where_it_is_switched_off_nothing_is_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_CONTROL_SOCKET", "false")
    with closing(ControlSocket("worker").open()):
        assert not place.exists()


def test_a_folder_that_others_may_enter_is_refused_and_the_process_goes_on(place: Path) -> None:
    place.mkdir(mode=0o755)
    with pytest.raises(Unavailable, match="not a folder of this user's alone"):
        control_socket.check(place)
    with capture_logs() as lines, closing(ControlSocket("worker").open()):
        assert [line["event"] for line in lines] == ["control.closed"]
    assert not list(place.iterdir())


def test_a_folder_that_cannot_be_made_keeps_no_process_from_working(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write_text("in the way")
    with capture_logs() as lines, closing(ControlSocket("worker").open()):
        assert [line["event"] for line in lines] == ["control.closed"]


def test_each_user_has_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNAPSE_RUNTIME_DIR", raising=False)
    assert control_socket.folder(ControlSettings()).name == f"synapse-{os.getuid()}"
