"""SQLite databases, copied from one that is made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.state.house import House, open_house


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and nothing in them."""
    folder = tmp_path_factory.mktemp("state")
    open_house(f"sqlite:///{folder / 'empty.db'}", folder).database.close()
    return folder / "empty.db"


@pytest.fixture
def house(empty_database: Path, tmp_path: Path) -> Iterator[House]:
    """An empty database of its own."""
    shutil.copy(empty_database, tmp_path / "state.db")
    opened = open_house(f"sqlite:///{tmp_path / 'state.db'}", tmp_path, upgrade=False)
    yield opened
    opened.database.close()
