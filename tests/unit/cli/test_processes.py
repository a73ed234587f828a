from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from synapse.cli.processes import Process, chosen
from synapse.errors import NotFound, Unavailable
from synapse.telemetry import control_client
from synapse.telemetry.control_client import Door
from synapse.telemetry.control_socket import ControlSocket

ME = os.getpid()


@pytest.fixture(autouse=True)
def place(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(short_folder / "run"))


@pytest.mark.parametrize(
    ("role", "queue", "by_pid"),
    [
        (None, None, False),
        ("worker", None, False),
        ("worker", "fact_check", True),
        ("worker", "fact-check", False),
        (None, "synapse-fact-check", True),
    ],
)
def test_those_are_meant_that_are_asked_for(role: str | None, queue: str | None, by_pid: bool) -> None:
    pid = ME if by_pid else None
    with closing(ControlSocket("worker", queues=("synapse-fact-check",)).open()):
        assert [process.name for process in chosen(role, queue, pid)] == [f"worker fact-check {ME}"]


@pytest.mark.parametrize(("role", "queue", "pid"), [("api", None, None), ("worker", "search", None), (None, None, 1)])
def test_where_there_is_none_that_is_told_with_what_to_do(role: str | None, queue: str | None, pid: int | None) -> None:
    asked = [str(word) for word in (role, queue, pid) if word is not None]
    with closing(ControlSocket("worker", queues=("synapse-fact-check",)).open()), pytest.raises(NotFound) as caught:
        chosen(role, queue, pid)
    assert all(word in caught.value.detail for word in asked)
    assert caught.value.remedy is not None
    assert "docker compose exec" in caught.value.remedy


@pytest.mark.parametrize("role", ["worker", "api", "mcp"])
def test_synapse_up_is_all_of_them(role: str) -> None:
    with closing(ControlSocket("up").open()):
        assert [process.name for process in chosen(role, None, None)] == [f"up {ME}"]


def test_an_mcp_server_is_meant_by_its_kind() -> None:
    with closing(ControlSocket("mcp primary").open()):
        assert [process.door.role for process in chosen("mcp", None, None)] == ["mcp-primary"]


def test_one_that_does_not_answer_may_be_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stuck(door: Door) -> None:
        raise Unavailable("the worker with process id 7 does not answer")

    door = Door(Path("worker.7.sock"), "worker", 7)
    monkeypatch.setattr(control_client, "doors", lambda: [door])
    monkeypatch.setattr(control_client, "report", stuck)
    assert chosen("worker", None, None) == [Process(door, None)]
    assert "does not answer" in capsys.readouterr().err
