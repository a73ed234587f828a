"""A house with a runner in it, and a memory broker that is empty at the start of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu.transport.memory import Channel, Transport
from structlog.testing import capture_logs

from synapse.tools.loop import process_loop
from tests.unit.engine.workshop import Workshop


@pytest.fixture(autouse=True)
def empty_broker() -> Iterator[None]:
    """kombu's memory broker belongs to the process; nothing of it outlives a test."""
    yield
    Channel.queues.clear()
    Transport.global_state.clear()


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    """What is logged, as dictionaries."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """An empty database, and a runner that works on it."""
    made = Workshop(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="package", autouse=True)
def loop_closed() -> Iterator[None]:
    """The background loop of the process ends with these tests."""
    yield
    process_loop().close()
