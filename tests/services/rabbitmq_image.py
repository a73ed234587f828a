"""The private RabbitMQ, its server out of an image: for versions that this machine has no package of."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.services.process import ServiceMissing
from tests.services.rabbitmq import RabbitMQ

VARIABLE = "TEST_RABBITMQ_IMAGE"
"""Names the image, e.g. ``rabbitmq:4.1.4``; tests take the machine's own RabbitMQ without it."""


class RabbitMQImage(RabbitMQ):
    """One broker in a container on the host's network, with the folder, the ports, the epmd and the ways of the other one."""

    @property
    def _name(self) -> str:
        return f"synapse-test-{os.getpid()}-{self.port}"

    def kill(self) -> None:
        """End the server with SIGKILL: it is no child of ours, but Docker's."""
        if self.running:
            subprocess.run(["docker", "kill", self._name], capture_output=True, check=False)
        super().kill()

    def _server_program(self) -> str:
        image = os.environ[VARIABLE]
        found = shutil.which("docker")
        if found is None or subprocess.run([found, "image", "inspect", image], capture_output=True, check=False).returncode:
            raise ServiceMissing(f"no Docker engine answers that has the image {image}")
        return found

    def _command(self) -> list[str]:
        told = [part for name, value in self._own_environment().items() for part in ("--env", f"{name}={value}")]
        folder, user = str(self.folder), f"{os.getuid()}:{os.getgid()}"
        confined = ["--rm", "--init", "--network", "host", "--user", user, "--volume", f"{folder}:{folder}"]
        return [self._server, "run", "--name", self._name, *confined, *told, "--entrypoint", "rabbitmq-server", os.environ[VARIABLE]]
