"""Both databases, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.state.house import House, open_house


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on SQLite, then one on PostgreSQL."""
    url = f"sqlite:///{tmp_path / 'state.db'}" if request.param == "sqlite" else request.getfixturevalue("tables_url")
    opened = open_house(url, tmp_path, upgrade=request.param == "sqlite")
    yield opened
    opened.database.close()


@pytest.fixture
def postgres_house(tables_url: str, tmp_path: Path) -> Iterator[House]:
    """A house on PostgreSQL, for what only happens between concurrent transactions."""
    opened = open_house(tables_url, tmp_path, upgrade=False)
    yield opened
    opened.database.close()
