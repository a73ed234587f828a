"""pytest-celery's containers for Synapse: what its images promise about themselves is how they tell that they are ready."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from pytest_celery import CeleryWorkerContainer
from pytest_docker_tools.exceptions import ContainerFailed
from pytest_docker_tools.wrappers import Container

CONFINED: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "init": True,
    "tmpfs": {"/tmp": "", "/data": "uid=10001,gid=10001,mode=0700"},
    "user": "10001:10001",
}
"""How the composition runs what is ours."""


class Checked(Container):
    """Ready when the image's own health check says so."""

    def ready(self) -> bool:
        """Whether it is healthy. Raises ContainerFailed once it has ended."""
        return _healthy(self)


class Database(Container):
    """PostgreSQL."""

    password = os.urandom(12).hex()

    def url(self, host: str | None = None) -> str:
        """Its address among the containers under that name, or that on this machine."""
        where = f"{host}:5432" if host else "{}:{}".format(*self.get_addr("5432/tcp"))
        return f"postgresql://synapse:{self.password}@{where}/synapse"

    def ready(self) -> bool:
        """Whether it lets us in."""
        if not super().ready():
            return False
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


class Agents(CeleryWorkerContainer):
    """A worker of every agent's queue."""

    queues: tuple[str, ...] = ()

    @classmethod
    def worker_name(cls) -> str:
        """Its node's name before the host."""
        return "agents"

    @classmethod
    def worker_queue(cls) -> str:
        """All of them, as ``-Q`` takes them."""
        return ",".join(cls.queues)

    @classmethod
    def command(cls, *args: str, **_: Any) -> list[str]:
        """The command of the composition, with more queues than one."""
        return ["celery", "-A", "synapse", "worker", "-Q", cls.worker_queue(), "-n", f"{cls.worker_name()}@%h", "--loglevel", "INFO", *args]

    def ready(self) -> bool:
        """Whether it takes work."""
        return _healthy(self)


def _healthy(container: Container) -> bool:
    container.reload()
    if container.status == "exited":
        raise ContainerFailed(container, f"{container.name} has ended:\n{container.logs()[-4000:]}")
    return bool(container.attrs["State"].get("Health", {}).get("Status") == "healthy")
