"""Fixtures every test may use: private servers, a fresh database and virtual host for each test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings

from synapse.state.database import Database
from tests import logs
from tests.absent import IN_CI, absent, unpromised
from tests.conformance.node import Node, NodeMissing, installed
from tests.services import Postgres, RabbitMQ, RabbitMQImage, ServiceMissing
from tests.services.process import Service
from tests.services.rabbitmq_image import VARIABLE
from tests.unit.model_server import ModelServer, model_server

AnyService = TypeVar("AnyService", bound=Service)
_MARKS = {"rabbitmq": "rabbitmq", "broker_url": "rabbitmq", "postgres": "postgres", "postgres_url": "postgres", "tables_url": "postgres"}

# A busy machine is no defect: how long an example takes decides nothing. A failure prints what brings its example back. CI tries
# the same examples each time, so that what fails there is what the change did; elsewhere each session tries others, and so half
# as many of them.
settings.register_profile(
    "synapse",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=IN_CI,
    max_examples=100 if IN_CI else 50,
)
# `benchmarks.mutations` asks whether a test fails, not for the smallest example that makes it fail.
settings.register_profile("unshrunk", settings.get_profile("synapse"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("synapse")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a server, so that `-m "not rabbitmq and not postgres"` is what runs anywhere."""
    for item in items:
        for mark in sorted({_MARKS[name] for name in getattr(item, "fixturenames", ()) if name in _MARKS}):
            item.add_marker(mark)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for sockets, whose paths have a hundred characters at most."""
    with tempfile.TemporaryDirectory(prefix="synapse-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Logging is as it was when the test ends; `quiet` and the like of a package set it up for longer."""
    with logs.as_before():
        yield


@pytest.fixture(scope="module", autouse=True)
def logs_as_before_the_module() -> Iterator[None]:
    """As above, for what a module's own fixtures start."""
    with logs.as_before():
        yield


@pytest.fixture(scope="session")
def node() -> Node:
    """Node and the official tools; without them a skip, and a failure where they are promised."""
    try:
        return installed()
    except NodeMissing as missing:
        unpromised(missing, "SYNAPSE_CI_NODE")


def _serve(kind: type[AnyService]) -> Iterator[AnyService]:
    """The service for as long as the caller needs it; without its programs a skip here, a failure in CI."""
    try:
        service = kind()
    except ServiceMissing as missing:
        absent(missing)
    with service:
        yield service


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """A broker for the session. A test that stops, kills or wipes it may leave it down."""
    yield from _serve(RabbitMQImage if VARIABLE in os.environ else RabbitMQ)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A database server for the session. A test that stops or kills it may leave it down."""
    yield from _serve(Postgres)


@pytest.fixture(scope="module")
def running_model_server() -> Iterator[ModelServer]:
    """A language model's server for the tests of a module, which ask for it as ``server``."""
    with model_server() as running:
        yield running


@pytest.fixture
def server(running_model_server: ModelServer) -> ModelServer:
    """A language model's server that was asked nothing yet, and told nothing to say."""
    running_model_server.forget()
    return running_model_server


@pytest.fixture
def broker_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    """URL of an empty virtual host that only this test uses."""
    rabbitmq.start()
    url = rabbitmq.create_vhost()
    yield url
    rabbitmq.start()
    rabbitmq.drop_vhost(url)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """URL of an empty database that only this test uses."""
    postgres.start()
    url = postgres.create_database()
    yield url
    postgres.start()
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def template_url(postgres: Postgres) -> str:
    """URL of a database with all tables and nothing in them, made by the migrations once; copy it, and connect to the copy."""
    postgres.start()
    url = postgres.create_database()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url, Path(folder))
        database.upgrade()
        database.close()
    return url


@pytest.fixture
def tables_url(postgres: Postgres, template_url: str) -> Iterator[str]:
    """URL of a database that only this test uses, with all tables and nothing in them."""
    postgres.start()
    url = postgres.create_database(template_url)
    yield url
    postgres.start()
    postgres.drop_database(url)
