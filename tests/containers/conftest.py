"""The system in containers, put together as pytest-celery means it: brokers and workers are its nodes, the rest is around them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import pytest_docker_tools.wrappers.container as wrapped
from docker.errors import DockerException, ImageNotFound
from pytest_celery import CeleryBrokerCluster, CeleryTestWorker, CeleryWorkerCluster
from pytest_docker_tools import container, fxtr, network

from synapse.engine.app import SynapseApp, create_app
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings
from tests.absent import absent
from tests.containers import images
from tests.containers.nodes import CONFINED, Agents, Checked, Database
from tests.smoke.conftest import PAGES

TOKEN = secrets.token_urlsafe(24)
TOOLS_TOKEN = secrets.token_urlsafe(24)
START_SECONDS = 180

# A machine that has a file /.dockerenv is taken for a container of the engine that is asked, and its published ports for unreachable.
wrapped.tests_inside_container = lambda: False
Agents.queues = tuple(sorted({agent.queue for agent in Registry.installed().values() if agent.function.__module__.startswith("synapse.")}))


@pytest.fixture(scope="session", autouse=True)
def engine() -> docker.DockerClient:
    """A Docker engine that has the images; without one a skip that says why."""
    if reason := os.environ.get("SYNAPSE_ENGINE_ABSENT"):
        absent(f"no Docker engine: {reason}")
    try:
        client = docker.from_env()
        for name in [*map(images.own, images.OWN), images.server("postgres"), images.server("rabbitmq")]:
            client.images.get(name)
    except ImageNotFound as missing:
        absent(f"{missing.explanation}: run make test-containers")
    except DockerException as error:
        absent(f"no Docker engine answers: {error}")
    return client


# -- what stays for the session ----------------------------------------------------------------------------------------------
default_pytest_celery_network = network(scope="session")
NETWORK = "{default_pytest_celery_network.name}"


def known_as(name: str) -> dict[str, Any]:
    """The network, and a name that other containers know it by."""
    return {"network": NETWORK, "networking_config": {NETWORK: {"Aliases": [name]}}}


postgres_container = container(
    image=images.server("postgres"),
    scope="session",
    wrapper_class=Database,
    user="999:999",
    read_only=True,
    tmpfs={"/tmp": "", "/var/run/postgresql": "uid=999,gid=999,mode=0775"},
    shm_size="128m",
    environment={"POSTGRES_USER": "synapse", "POSTGRES_DB": "synapse", "POSTGRES_PASSWORD": Database.password},
    ports={"5432/tcp": None},
    timeout=START_SECONDS,
    **known_as("postgres"),
)


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pages that the containers' user can read."""
    folder = tmp_path_factory.mktemp("insects")
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def documents_volume(documents: Path) -> dict[str, Any]:
    """The folder, mounted."""
    return {str(documents): {"bind": "/documents", "mode": "ro"}}


def tools(name: str) -> dict[str, Any]:
    """What an MCP server is started with."""
    hosts = f'["{name}", "localhost", "127.0.0.1"]'
    return {
        "image": images.own(name),
        "scope": "session",
        "wrapper_class": Checked,
        "environment": {"SYNAPSE_MCP_TOKEN": TOOLS_TOKEN, "SYNAPSE_MCP_ALLOWED_HOSTS": hosts},
        "timeout": START_SECONDS,
        **CONFINED,
        **known_as(name),
    }


primary_container = container(volumes=fxtr("documents_volume"), **tools("mcp-primary"))
filesystem_container = container(**tools("mcp-filesystem"))


@pytest.fixture(scope="session")
def database_url(engine: docker.DockerClient, postgres_container: Database, default_pytest_celery_network: Any) -> str:
    """A database with its tables, made as the composition makes them; its address among the containers."""
    url = postgres_container.url("postgres")
    engine.containers.run(
        images.own("api"),
        ["synapse", "db", "upgrade"],
        environment={"SYNAPSE_DATABASE_URL": url},
        network=default_pytest_celery_network.name,
        remove=True,
        **CONFINED,
    )
    return url


@pytest.fixture(scope="session")
def corpus(primary_container: Checked) -> str:
    """The pages, indexed; the corpus's name."""
    code, said = primary_container.exec_run(["synapse", "index", "/documents", "--name", "insects"])
    assert code == 0, said
    return "insects"


# -- what a test has of its own ----------------------------------------------------------------------------------------------
@pytest.fixture
def default_rabbitmq_broker_image() -> str:
    """RabbitMQ 4, as the composition takes it."""
    return images.server("rabbitmq")


@pytest.fixture
def celery_broker_cluster(celery_rabbitmq_broker: Any) -> CeleryBrokerCluster:
    """One RabbitMQ."""
    return CeleryBrokerCluster(celery_rabbitmq_broker)


@pytest.fixture
def celery_backend_cluster() -> None:
    """None: what a step gave is in the ledger, and Celery's results are ignored."""


@pytest.fixture
def settings(database_url: str, celery_broker_cluster: CeleryBrokerCluster, filesystem_container: Checked, corpus: str) -> dict[str, str]:
    """What the API and the workers are told."""
    return {
        "SYNAPSE_DATABASE_URL": database_url,
        "SYNAPSE_BROKER_URL": ";".join(celery_broker_cluster.config()["urls"]),
        "SYNAPSE_MCP_PRIMARY_URL": "http://mcp-primary:8801/mcp/",
        "SYNAPSE_MCP_FILESYSTEM_URL": "http://mcp-filesystem:8802/mcp/",
        "SYNAPSE_MCP_TOKEN": TOOLS_TOKEN,
        "SYNAPSE_API_TOKEN": TOKEN,
        "SYNAPSE_LEASE_SECONDS": "5",
        "SYNAPSE_RECONCILE_SECONDS": "0.5",
        "SYNAPSE_HINT_GRACE_SECONDS": "3",
    }


@pytest.fixture
def default_worker_container_cls() -> type[Agents]:
    """Our own worker."""
    return Agents


@pytest.fixture
def default_worker_env(settings: dict[str, str]) -> dict[str, str]:
    """Settings for both workers."""
    return {name: value for name, value in settings.items() if name != "SYNAPSE_API_TOKEN"}


def worker() -> Any:
    """A worker of the image that the Dockerfile makes, confined as the composition confines it."""
    return container(
        image=images.own("worker"),
        environment=fxtr("default_worker_env"),
        command=fxtr("default_worker_command"),
        network=NETWORK,
        wrapper_class=Agents,
        timeout=START_SECONDS,
        **CONFINED,
    )


default_worker_container = worker()
other_worker_container = worker()


@pytest.fixture
def celery_other_worker(other_worker_container: Agents, celery_setup_app: SynapseApp) -> Iterator[CeleryTestWorker]:
    """A second worker."""
    node = CeleryTestWorker(other_worker_container, celery_setup_app)
    yield node
    node.teardown()


@pytest.fixture
def celery_worker_cluster(celery_worker: CeleryTestWorker, celery_other_worker: CeleryTestWorker) -> CeleryWorkerCluster:
    """Two workers, each of every queue: what one leaves the other takes up."""
    return CeleryWorkerCluster(celery_worker, celery_other_worker)


@pytest.fixture
def celery_setup_app(postgres_container: Database, celery_broker_cluster: CeleryBrokerCluster) -> Iterator[SynapseApp]:
    """The application that users run, as seen from this machine."""
    runtime = Runtime(
        storage=StorageSettings.model_validate({"database_url": postgres_container.url()}),
        broker=BrokerSettings.model_validate({"broker_url": ";".join(celery_broker_cluster.config()["host_urls"])}),
    )
    yield create_app(runtime, set_as_current=False)
    runtime.close()


api_container = container(
    image=images.own("api"),
    environment=fxtr("settings"),
    ports={"8800/tcp": None},
    wrapper_class=Checked,
    timeout=START_SECONDS,
    **CONFINED,
    **known_as("api"),
)


@pytest.fixture
def api(api_container: Checked) -> Iterator[httpx.Client]:
    """Asks the API over its published port."""
    host, port = api_container.get_addr("8800/tcp")
    with httpx.Client(
        base_url=f"http://{host}:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False
    ) as client:
        yield client


Ask = Callable[[str], str]


@pytest.fixture
def ask(api: httpx.Client, corpus: str) -> Ask:
    """POST a question; gives the run's address."""

    def post(question: str) -> str:
        answer = api.post("/v1/runs", json={"question": question, "input": {"corpus": corpus}})
        assert answer.status_code == 202, answer.text
        return str(answer.headers["location"])

    return post
