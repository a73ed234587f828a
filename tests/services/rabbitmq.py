"""A private RabbitMQ: own node name, own epmd, own folders, own ports, own user."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

import amqp

from tests.services.ports import free_port
from tests.services.process import ServerProcess, Service, ServiceFailed, ServiceMissing

_USER = "synapse"


def _program(name: str) -> str:
    if (found := shutil.which(name)) is None:
        raise ServiceMissing(f"{name} is not installed (Debian: erlang-base, which comes with rabbitmq-server)")
    return found


class RabbitMQ(Service):
    """One broker. Plugins are off unless asked for, e.g. ``RabbitMQ(plugins=("rabbitmq_management",))``."""

    name = "rabbitmq"

    def __init__(self, plugins: tuple[str, ...] = ()) -> None:
        self._server = self._server_program()
        self._epmd_program, self._erl_call = _program("epmd"), _program("erl_call")
        super().__init__()
        self.port, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        self.management_port = free_port()
        self.node = f"synapse{self.port}@localhost"
        self._plugins = plugins
        self._password = secrets.token_hex(12)
        self._epmd: ServerProcess | None = None
        self._serial = 0
        self._vhosts: list[str] = []
        self._write_config()

    @property
    def url(self) -> str:
        """The default virtual host."""
        return self.url_of("/")

    @property
    def management_url(self) -> str:
        """Base of the management API, with credentials; answers only with the plugin on."""
        return f"http://{_USER}:{self._password}@127.0.0.1:{self.management_port}"

    def url_of(self, vhost: str) -> str:
        """The URL of one virtual host."""
        return f"amqp://{_USER}:{self._password}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def start(self) -> None:
        """Start epmd and the broker and wait until a client can log in."""
        if self.running:
            return
        env = self._environment()
        if self._epmd is None or not self._epmd.running:
            # Started here rather than by the broker, whose own epmd would be a daemon that outlives it.
            self._epmd = ServerProcess([self._epmd_program], log=self.folder / "epmd.log", env=env)
            self._epmd.wait_until(lambda: _listens(self._epmd_port), "epmd")
        self._process = ServerProcess(self._command(), log=self.folder / "console.log", env=env)
        self._process.wait_until(self._answers, "RabbitMQ")

    def wipe(self) -> None:
        """Lose every message and queue, as if the disk were new; virtual hosts made here are set up again, empty."""
        self.stop()
        shutil.rmtree(self.folder / "mnesia")
        self.start()
        for vhost in self._vhosts:
            self._add_vhost(vhost)

    def create_vhost(self) -> str:
        """Make an empty virtual host with a fresh name; returns its URL."""
        self._serial += 1
        vhost = f"test{self._serial}"
        self._add_vhost(vhost)
        self._vhosts.append(vhost)
        return self.url_of(vhost)

    def drop_vhost(self, url: str) -> None:
        """Delete a virtual host made by `create_vhost`, with its queues and connections."""
        vhost = url.rpartition("/")[2]
        self._vhosts.remove(vhost)
        self.evaluate(f'rabbit_vhost:delete(<<"{vhost}">>, <<"tests">>)')

    def evaluate(self, expression: str) -> str:
        """Run an Erlang expression in the broker: what `rabbitmqctl eval` does, in milliseconds instead of a second."""
        done = subprocess.run(
            [self._erl_call, "-sname", self.node, "-e"],
            input=f"{expression}.\n",
            capture_output=True,
            text=True,
            timeout=30,
            env=self._environment(),
            check=False,
        )
        if done.returncode or not done.stdout.startswith("{ok,"):
            raise ServiceFailed(f"{expression} failed: {done.stdout}{done.stderr}")
        return done.stdout.removeprefix("{ok,").removesuffix("}").strip()

    def close(self) -> None:
        """End the broker and its epmd and delete the folder."""
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd = None
        super().close()

    def _server_program(self) -> str:
        """The server script itself: Debian's wrapper in the path changes user and reads the machine's own configuration."""
        direct = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        found = str(direct) if direct.exists() else shutil.which("rabbitmq-server")
        if found is None:
            raise ServiceMissing("RabbitMQ is not installed (Debian: rabbitmq-server)")
        return found

    def _command(self) -> list[str]:
        return [self._server]

    def _add_vhost(self, vhost: str) -> None:
        everything = ", ".join(['<<".*">>'] * 3)
        self.evaluate(
            f'ok = rabbit_vhost:add(<<"{vhost}">>, <<"tests">>), ok = rabbit_auth_backend_internal:set_permissions('
            f'<<"{_USER}">>, <<"{vhost}">>, {everything}, <<"tests">>)'
        )

    def _answers(self) -> bool:
        try:
            with amqp.Connection(f"127.0.0.1:{self.port}", userid=_USER, password=self._password, connect_timeout=5, read_timeout=5):
                return True
        except (OSError, amqp.AMQPError):
            return False

    def _environment(self) -> dict[str, str]:
        # A broker configured through the caller's environment must not leak into this one.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        return kept | self._own_environment()

    def _own_environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),  # where Erlang keeps its cookie
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(self.folder / "erl_crash.dump"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "true",  # makes the script become the broker instead of its parent: our pid is the broker's
        }

    def _write_config(self) -> None:
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            f"default_user = {_USER}",
            f"default_pass = {self._password}",
            "disk_free_limit.absolute = 50MB",
        ]
        if self._plugins:
            lines += [f"management.tcp.port = {self.management_port}", "management.tcp.ip = 127.0.0.1"]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "plugins").write_text(f"[{','.join(self._plugins)}].\n")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
