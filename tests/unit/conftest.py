"""What unit tests of several packages share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest

if TYPE_CHECKING:
    from tests.unit.workbench import Workbench


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """TLS contexts read one authority instead of all.

    Every HTTP client makes a context, to read all authorities takes it 50 ms, and no unit test dials anybody over TLS.
    """
    end = "-----END CERTIFICATE-----\n"
    first = tmp_path_factory.mktemp("tls") / "authority.pem"
    first.write_text(certifi.contents().partition(end)[0] + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(first))
        yield


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A service whose runs are worked off when the test says so."""
    # Imported by who uses it: with the service comes the whole package, and a session that tests a pure function needs none of it.
    from tests.unit.workbench import Workbench

    bench = Workbench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def _researched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home of a service that did one research run, and the run. Nobody changes it."""
    from synapse.contracts.run import RunRequest
    from tests.unit.workbench import QUESTION, Workbench

    home = tmp_path_factory.mktemp("researched")
    bench = Workbench(home)
    run = bench.finished(RunRequest(question=QUESTION)).id
    bench.close()
    return home, run


@pytest.fixture
def researched(_researched: tuple[Path, str], tmp_path: Path) -> Iterator[tuple[Workbench, str]]:
    """A service whose only run is a finished research run, to be done with as a test likes; and the run."""
    from tests.unit.workbench import Workbench

    home, run = _researched
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    bench = Workbench(tmp_path)
    yield bench, run
    bench.close()
