"""RabbitMQ's configuration and definitions, on a real RabbitMQ."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import kombu
import pytest

from synapse.engine import topology
from synapse.engine.registry import Registry
from tests.absent import absent
from tests.deploy.composed import ROOT
from tests.deploy.queries import FOREIGN
from tests.services import RabbitMQ, ServiceMissing
from tests.services.ports import free_port
from tests.waiting import until

FOLDER = ROOT / "deploy" / "docker" / "rabbitmq"


class Deployed(RabbitMQ):
    """A broker with the configuration, definitions and secrets of the composition; its ports and folders are its own."""

    def __init__(self, secrets: Path) -> None:
        super().__init__(plugins=("rabbitmq_management", "rabbitmq_prometheus"))
        self.prometheus_port = free_port()
        definitions = self.folder / "definitions"
        definitions.mkdir()
        shutil.copy(FOLDER / "definitions" / "20-topology.json", definitions)
        shutil.copy(secrets / "rabbitmq_users.json", definitions / "10-users.json")
        self.deployed_url = (secrets / "synapse_broker_url").read_text().strip().replace("rabbitmq:5672", f"127.0.0.1:{self.port}")
        told = (FOLDER / "rabbitmq.conf").read_text()
        ours = {
            "/etc/rabbitmq/definitions": str(definitions),
            "listeners.tcp.default = 5672": f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            "management.tcp.port = 15672": f"management.tcp.port = {self.management_port}\nmanagement.tcp.ip = 127.0.0.1",
            "prometheus.tcp.port = 15692": f"prometheus.tcp.port = {self.prometheus_port}\nprometheus.tcp.ip = 127.0.0.1",
            "disk_free_limit.absolute = 1GB": "disk_free_limit.absolute = 50MB",
        }
        for theirs, own in ours.items():
            assert theirs in told, theirs
            told = told.replace(theirs, own)
        (self.folder / "rabbitmq.conf").write_text(told)

    def _answers(self) -> bool:
        try:
            with kombu.Connection(self.deployed_url, connect_timeout=5) as connection:
                connection.connect()
        except Exception:
            return False
        return True


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    secrets = tmp_path_factory.mktemp("secrets")
    subprocess.run([sys.executable, ROOT / "scripts/secrets", secrets], check=True)
    try:
        made = Deployed(secrets)
    except ServiceMissing as missing:
        absent(missing)
    with made:
        yield made


@pytest.mark.rabbitmq
def test_the_broker_starts_with_our_configuration_and_lets_our_user_in_and_no_other(deployed: Deployed) -> None:
    users = httpx.get(f"http://127.0.0.1:{deployed.management_port}/api/whoami", auth=("guest", "guest"), trust_env=False)
    assert users.status_code == 401
    parts = urlsplit(deployed.deployed_url)
    whoami = httpx.get(f"http://127.0.0.1:{deployed.management_port}/api/whoami", auth=(parts.username, parts.password), trust_env=False)
    assert whoami.json()["tags"] in (["monitoring"], "monitoring")


@pytest.mark.rabbitmq
def test_what_workers_declare_is_what_is_there_already(deployed: Deployed) -> None:
    queues = [agent.queue for agent in Registry.installed().values() if agent.function.__module__.startswith("synapse.")]
    with kombu.Connection(deployed.deployed_url) as connection:
        channel = connection.channel()
        for name in [*queues, "synapse-events", "synapse-dead"]:
            kombu.Queue(name, channel=channel).queue_declare(passive=True)
        # With other arguments than these the broker would close the channel.
        topology.declare(channel, queues)
        topology.event_log_queue()(channel).declare()


@pytest.mark.rabbitmq
def test_each_queue_has_a_series_of_its_own(deployed: Deployed) -> None:
    url = f"http://127.0.0.1:{deployed.prometheus_port}/metrics"
    until(lambda: 'queue="synapse-search"' in httpx.get(url, trust_env=False).text, "the queue is counted")
    text = httpx.get(url, trust_env=False).text
    told = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if line and not line.startswith("#")}
    assert {name for name in FOREIGN if name.startswith("rabbitmq_")} <= told


def test_the_definitions_are_as_the_code_is_now() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/generate-deploy", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
