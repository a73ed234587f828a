from __future__ import annotations

import os
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from synapse.errors import Unavailable
from synapse.telemetry import control_client
from synapse.telemetry.control_client import Door
from synapse.telemetry.control_socket import ControlSocket


@pytest.fixture(autouse=True)
def place(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = short_folder / "run"
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(made))
    return made


def test_where_nothing_runs_there_is_no_door() -> None:
    assert control_client.doors() == []


def test_a_process_is_found_and_asked() -> None:
    with closing(ControlSocket("api").open()):
        (door,) = control_client.doors()
        assert (door.role, door.pid) == ("api", os.getpid())
        report, profile = control_client.report(door), control_client.profile(door, 0.1, 50)
    assert report is not None
    assert profile is not None
    assert report.card.role == "api"
    assert profile.stacks


def test_what_a_killed_process_left_is_cleared_away(place: Path) -> None:
    place.mkdir(mode=0o700)
    path = place / "worker.7.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    (door,) = control_client.doors()
    assert control_client.report(door) is None
    assert not path.exists()
    assert control_client.profile(door, 1, 1) is None


def test_other_files_are_no_doors(place: Path) -> None:
    place.mkdir(mode=0o700)
    for name in ("notes.txt", "worker.sock", "worker.x.sock"):
        (place / name).touch()
    assert control_client.doors() == []


def test_a_folder_that_others_may_enter_is_not_looked_into(place: Path) -> None:
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    with pytest.raises(Unavailable, match="not a folder of this user's alone"):
        control_client.doors()


def test_a_process_that_does_not_answer_and_one_that_refuses_are_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(place / "worker.7.sock"))
        silent.listen()
        monkeypatch.setattr(control_client, "_SECONDS", 0.05)
        with pytest.raises(Unavailable, match="worker with process id 7 does not answer"):
            control_client.report(Door(place / "worker.7.sock", "worker", 7))
    monkeypatch.undo()
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(place))
    with closing(ControlSocket("api").open()):
        (door,) = [each for each in control_client.doors() if each.role == "api"]
        with pytest.raises(Unavailable, match="says: seconds: "):
            control_client.profile(door, 601, 1)


def test_a_process_that_ends_while_it_is_asked_is_there_no_more(place: Path) -> None:
    place.mkdir(mode=0o700)
    path = place / "worker.7.sock"
    with socket.socket(socket.AF_UNIX) as ending:
        ending.bind(str(path))
        ending.listen()

        def end() -> None:
            caller, _ = ending.accept()
            caller.recv(1000)
            caller.close()

        thread = threading.Thread(target=end)
        thread.start()
        assert control_client.report(Door(path, "worker", 7)) is None
        thread.join()
