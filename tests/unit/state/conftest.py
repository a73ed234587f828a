"""A database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.state.house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An empty database of its own."""
    opened = open_house(f"sqlite:///{tmp_path / 'state.db'}", tmp_path)
    yield opened
    opened.database.close()
