"""A private Redis, for the baselines of the benchmarks only: Synapse itself uses none."""

from __future__ import annotations

import secrets
import shutil
import socket

from tests.services.ports import free_port
from tests.services.process import ServerProcess, Service, ServiceMissing


class Redis(Service):
    """One server on loopback that keeps nothing on disk."""

    name = "redis"

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise ServiceMissing("Redis is not installed (Debian: redis-server)")
        self._program = program
        super().__init__()
        self.port = free_port()
        self._password = secrets.token_hex(12)

    @property
    def url(self) -> str:
        """Database 0."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers PING."""
        if self.running:
            return
        config = self.folder / "redis.conf"
        config.write_text(f'bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\nsave ""\nappendonly no\ndir {self.folder}\n')
        self._process = ServerProcess([self._program, str(config)], log=self.folder / "redis.log")
        self._process.wait_until(self._answers, "Redis")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return connection.recv(64).startswith(b"+OK")
        except OSError:
            return False
