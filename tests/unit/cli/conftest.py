"""One running house for the whole session, and the command as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from synapse.cli.house import House, Ports
from synapse.cli.main import run as run_command
from synapse.service.corpora import Corpora
from synapse.telemetry import logs
from tests.logs import as_before

PAGES = {
    "ants.md": "# Ants\n\nAnts find food by following scent trails that other ants have laid. Ants carry many times their own weight.\n",
    "trails.md": "# Scent trails\n\nAnts find food by following scent trails. A scent trail fades when no ant renews it.\n",
    "bees.md": "# Bees\n\nBees tell each other by dancing where flowers are.\n",
}
QUESTION = "How do ants find food?"


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few documents."""
    folder = tmp_path_factory.mktemp("insects")
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, documents: Path, quiet: None) -> Iterator[House]:
    """Everything that `synapse up` starts, in this process, over a small corpus."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNAPSE_HOME", str(tmp_path_factory.mktemp("home")))
        Corpora().index(documents, "insects")
        with House(Ports.from_settings().free(), workers=True) as house:
            patch.setenv("SYNAPSE_API_URL", house.api_url)
            yield house


@pytest.fixture(scope="package", autouse=True)
def quiet() -> Iterator[None]:
    """Logs as the commands set them up, so that what the house logs meanwhile is no command's output."""
    with as_before():
        logs.configure(quiet=True)
        yield


@pytest.fixture
def synapse(capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command: call it with arguments."""

    def call(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run_command(list(arguments))
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    yield call
    logs.configure(quiet=True)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No API at the address, and a home of its own."""
    monkeypatch.setenv("SYNAPSE_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path / "home"))
