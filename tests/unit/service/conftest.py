"""A real service on SQLite, worked off here and now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A service whose runs are worked off when the test says so."""
    bench = Workbench(tmp_path)
    yield bench
    bench.close()
