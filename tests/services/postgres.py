"""A private PostgreSQL with every commit on disk, as in production."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.services.ports import free_port
from tests.services.process import ServerProcess, Service, ServiceMissing

_SUPERUSER = "synapse"


def _programs() -> Path:
    """Folder of the newest installed server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parent.parent.name))
    if found:
        return found[-1].parent
    if (on_path := shutil.which("postgres")) and shutil.which("initdb"):
        return Path(on_path).parent
    raise ServiceMissing("PostgreSQL is not installed (Debian: postgresql)")


def _unprivileged() -> int | None:
    """The user to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise ServiceMissing("PostgreSQL refuses root and there is no user postgres or nobody")


class Postgres(Service):
    """One server with its own data folder, on loopback, with a password made for it."""

    name = "postgres"

    def __init__(self) -> None:
        self._bin = _programs()
        self._user = _unprivileged()
        super().__init__()
        self.port = free_port()
        self._password = secrets.token_hex(12)
        self._data = self.folder / "data"
        self._serial = 0
        if self._user is not None:
            os.chown(self.folder, self._user, pwd.getpwuid(self._user).pw_gid)

    @property
    def url(self) -> str:
        """The maintenance database, as superuser."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The URL of one database of this server."""
        return f"postgresql://{_SUPERUSER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Create the data folder the first time, start, and wait until a connection is accepted."""
        if self.running:
            return
        if not self._data.exists():
            self._initdb()
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [str(self._bin / "postgres"), "-D", str(self._data), *settings],
            log=self.folder / "postgres.log",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            user=self._user,
        )
        self._process.wait_until(self._answers, "PostgreSQL")

    def stop(self) -> None:
        """Fast shutdown: clients are cut off, data is flushed."""
        if self._process is not None:
            self._process.stop(signal.SIGINT)
            self._process = None

    def create_database(self, template: str | None = None) -> str:
        """Make a database with a fresh name, empty or as the one at the URL ``template`` that nobody is connected to; returns its URL."""
        self._serial += 1
        name = f"test_{self._serial}"
        self._execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template.rpartition('/')[2]}" if template else ""))
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Drop a database made by `create_database`, whoever is still connected."""
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _initdb(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._password)
        group = None
        if self._user is not None:
            group = pwd.getpwuid(self._user).pw_gid
            os.chown(password_file, self._user, group)
        # --no-sync: an interrupted initdb leaves nothing worth keeping. The server itself syncs every commit.
        command = [str(self._bin / "initdb"), "-D", str(self._data), "-U", _SUPERUSER, "--pwfile", str(password_file)]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            user=self._user,
            group=group,
            extra_groups=None if self._user is None else [],
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)
