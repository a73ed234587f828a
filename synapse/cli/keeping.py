"""Servers that stay until they are told to stop."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, Final

from synapse.cli.house import House, Ports, check_home
from synapse.cli.listening import listen, url_of
from synapse.cli.serving import Servers, load
from synapse.errors import Unavailable
from synapse.settings import ApiSettings, BrokerSettings, McpServerSettings, ServingSettings, StorageSettings
from synapse.telemetry import logs, tracing
from synapse.telemetry.control_socket import ControlSocket

_LOOK: Final = 0.2
_GRACE: Final = 25.0
"""Seconds that a request under way has when the only server of a process stops: as long as what it asks for may take."""


class Told:
    """Waits for SIGINT or SIGTERM; a second one kills, for whoever cannot wait."""

    def __init__(self) -> None:
        self.politely = False
        """Whether it was by SIGTERM, as orchestrators do: whoever sits at a terminal wants it to end."""
        self._signalled = False
        self._died = threading.Event()

    def death(self) -> None:
        """A server ended, by itself unless the signal came first."""
        self._died.set()

    def wait(self) -> None:
        """Return when told to stop. Raises Unavailable when a server ended by itself."""
        # In short pieces: the system may hand a signal to any thread, and Python's handler runs only once this one wakes up.
        while not self._signalled:
            if self._died.wait(_LOOK) and not self._signalled:
                raise Unavailable("a server stopped by itself", remedy="the log says why")

    @contextmanager
    def listening(self) -> Iterator[Told]:
        """Take the signals while this lasts."""
        before = {number: signal.signal(number, self._on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on(self, number: int, frame: FrameType | None) -> None:
        # No lock may be taken here: the thread that is interrupted may hold it.
        self._signalled, self.politely = True, number == signal.SIGTERM
        signal.signal(number, signal.SIG_DFL)


def keep_up(port: int | None, workers: bool | None) -> None:
    """Everything, until told to stop. Raises SynapseError kinds when it cannot start."""
    logs.configure()
    tracing.configure("synapse")
    ports = Ports.from_settings()
    if port is not None:
        ports = replace(ports, api=port) if port else ports.free()
    here = BrokerSettings().embedded if workers is None else workers
    check_home()
    told = Told()
    with told.listening(), closing(ControlSocket("up").open()), House(ports, workers=here, on_death=told.death) as house:
        rows = {
            **house.addresses,
            "console": f"{house.api_url}/",
            "docs": f"{house.api_url}/docs",
            "workers": _workers(here),
            "home": str(StorageSettings().home.absolute()),
        }
        for name, value in rows.items():
            sys.stdout.write(f"{name:<15} {value}\n")
        sys.stdout.write("ready; Ctrl-C stops\n")
        sys.stdout.flush()
        told.wait()
        sys.stderr.write("stopping\n")


def _workers(here: bool) -> str:
    if here:
        return "in this process"
    return "elsewhere: celery -A synapse worker"


def keep_server(name: str, make: Callable[[], Any], host: str, port: int, setting: str, path: str = "") -> None:
    """One server, until told to stop."""
    logs.configure()
    tracing.configure(f"synapse-{name.replace(' ', '-')}")
    listener = listen(host, port, setting)
    told = Told()
    servers = Servers(told.death, _GRACE)
    try:
        app = make()
        servers.add(name, app, listener)
        with told.listening(), closing(ControlSocket(name).open()):
            servers.start()
            sys.stdout.write(f"{name:<15} {url_of(listener)}{path}\nready; Ctrl-C stops\n")
            sys.stdout.flush()
            told.wait()
            if told.politely:
                servers.drain()
                time.sleep(ServingSettings().drain_seconds)
            feed = getattr(getattr(app.state, "service", None), "feed", None)
            servers.stop(before=feed.close if feed is not None else lambda: None)
    finally:
        listener.close()


def keep_api(host: str | None, port: int | None) -> None:
    """The API alone."""
    settings = ApiSettings()
    changed = {"api_host": host or settings.api_host, "api_port": settings.api_port if port is None else port}
    settings = settings.model_copy(update=changed)
    keep_server("api", lambda: load("synapse.api.app:create")(settings), settings.api_host, settings.api_port, "SYNAPSE_API_PORT")


def keep_mcp(which: str, host: str | None, port: int | None) -> None:
    """One MCP server alone."""
    settings = McpServerSettings()
    field = f"mcp_{which}_port"
    changed = {"mcp_host": host or settings.mcp_host, field: getattr(settings, field) if port is None else port}
    settings = settings.model_copy(update=changed)
    create = load(f"synapse.mcp_servers.{which}:create_app")
    home = StorageSettings().home.absolute()
    chosen: int = getattr(settings, field)
    keep_server(f"mcp {which}", lambda: create(settings, home), settings.mcp_host, chosen, f"SYNAPSE_{field.upper()}", "/mcp")
