"""A house for each test, and the measurements of a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos import matrix
from tests.chaos.apis import Apis
from tests.chaos.house import House
from tests.services import Postgres, RabbitMQ

_HERE = Path(__file__).parent
_figures: dict[str, float] = {}


@pytest.fixture
def house(tables_url: str, broker_url: str, postgres: Postgres, rabbitmq: RabbitMQ, tmp_path: Path) -> Iterator[House]:
    """A fresh database and virtual host, nobody at work yet."""
    made = House(tables_url, broker_url, tmp_path, postgres, rabbitmq)
    yield made
    made.close()


@pytest.fixture
def apis(house: House) -> Iterator[Apis]:
    """None yet."""
    made = Apis(house)
    yield made
    made.close()


@pytest.fixture
def took(request: pytest.FixtureRequest) -> Callable[[float], None]:
    """Call it with the seconds that the recovery took."""

    def note(seconds: float) -> None:
        assert request.node.name in matrix.ROWS, f"{request.node.name} proves no row of the matrix"
        _figures[request.node.name] = seconds

    return note


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the rows that are not quick, unless these tests were asked for by name."""
    if any("chaos" in str(arg) for arg in config.invocation_params.args):
        return
    left_out = [item for item in items if item.path.parent == _HERE and item.name in matrix.ROWS and item.name not in matrix.QUICK]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was measured, when it was asked for."""
    if os.environ.get("SYNAPSE_CHAOS_MEASURE") == "1":
        matrix.write(_figures)
