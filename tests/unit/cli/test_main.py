from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from synapse import __version__
from synapse.cli import main
from tests.unit.cli.conftest import Command

COMMANDS = ["up", "demo", "research", "runs", "report", "index", "doctor", "api", "mcp", "db"]


def test_the_version_is_told(synapse: Command) -> None:
    assert synapse("--version").out == f"synapse {__version__}\n"


def test_help_lists_every_command_and_the_exit_codes(synapse: Command) -> None:
    ended = synapse("--help")
    assert ended.code == 0
    assert all(f" {command} " in ended.out for command in COMMANDS)
    assert "Exit codes" in ended.out


@pytest.mark.parametrize("command", [*COMMANDS, "runs list", "runs show", "runs watch", "runs cancel", "runs resume", "db upgrade"])
def test_every_command_has_help(synapse: Command, command: str) -> None:
    ended = synapse(*command.split(), "--help")
    assert ended.code == 0
    assert "Usage: synapse" in ended.out


def _commands(group: Any, *names: str) -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *names, name)
        else:
            yield " ".join((*names, name)), {option for parameter in command.params for option in parameter.opts}


def test_every_command_that_ends_by_itself_answers_as_json_when_asked() -> None:
    without = {name for name, options in _commands(get_command(main.app)) if "--json" not in options}
    assert without == {"up", "api", "mcp", "worker"}


@pytest.mark.parametrize("arguments", ["nothing", "research", "up --port x", "runs list --limit 0", "mcp third", "--nope"])
def test_a_misused_command_is_one_line_and_exit_code_2(synapse: Command, arguments: str) -> None:
    ended = synapse(*arguments.split())
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert "--help" in ended.err
    assert "Traceback" not in ended.err


def test_a_setting_that_cannot_be_read_is_named(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_API_PORT", "many")
    ended = synapse("runs", "list")
    assert ended.code == 2
    assert ended.err.startswith("error: SYNAPSE_API_PORT: ")


def test_settings_that_belong_together_are_named_together(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_LLM_MODEL", "small")
    ended = synapse("doctor")
    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        "error: SYNAPSE_LLM_BASE_URL and SYNAPSE_LLM_MODEL are set together, or neither is",
    )


def test_what_nobody_foresaw_is_one_line_too(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr("synapse.cli.keeping.keep_up", fails)
    ended = synapse("up")
    assert (ended.code, ended.err.splitlines()[0]) == (1, "error: RuntimeError: odd")
    monkeypatch.setenv("SYNAPSE_LOG_LEVEL", "debug")
    with pytest.raises(RuntimeError):
        synapse("up")


def test_an_interrupt_is_130(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("synapse.cli.keeping.keep_up", interrupted)
    assert synapse("up").code == 130


def test_the_command_starts_without_loading_what_only_some_commands_need() -> None:
    heavy = ("celery", "sqlalchemy", "fastapi", "httpx", "mcp", "pydantic", "uvicorn")
    code = f"import sys, synapse.cli.main; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
    assert callable(main.main)
