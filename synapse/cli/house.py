"""The whole house in one process: API, both MCP servers and, without a broker, the workers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from synapse.cli.listening import listen, url_of
from synapse.cli.serving import Servers, load
from synapse.errors import InvalidInput
from synapse.service.embedded import EmbeddedSynapse
from synapse.settings import ApiSettings, McpServerSettings, StorageSettings, ToolSettings

API, PRIMARY, FILESYSTEM = "api", "mcp primary", "mcp filesystem"


@dataclass(frozen=True)
class Ports:
    """Where to listen. 0 takes a free port."""

    api_host: str
    api: int
    mcp_host: str
    primary: int
    filesystem: int

    @classmethod
    def from_settings(cls) -> Ports:
        """The ports that the settings name."""
        api, servers = ApiSettings(), McpServerSettings()
        return cls(api.api_host, api.api_port, servers.mcp_host, servers.mcp_primary_port, servers.mcp_filesystem_port)

    def free(self) -> Ports:
        """The same hosts, on whatever ports are free."""
        return replace(self, api=0, primary=0, filesystem=0)


class House:
    """Starts and stops all of it. Use as a context manager."""

    def __init__(self, ports: Ports, *, workers: bool, on_death: Callable[[], None] = lambda: None) -> None:
        self.workers = workers
        self._ports = ports
        self._sockets: dict[str, socket.socket] = {}
        self._servers = Servers(on_death)
        self._synapse: EmbeddedSynapse | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """The URL of each server."""
        return {name: url_of(listener) + ("" if name == API else "/mcp") for name, listener in self._sockets.items()}

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return self.addresses[API]

    def __enter__(self) -> House:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._listen()
        home, servers = StorageSettings().home.absolute(), McpServerSettings()
        addresses = self.addresses
        tools = ToolSettings(mcp_primary_url=addresses[PRIMARY], mcp_filesystem_url=addresses[FILESYSTEM])
        made = EmbeddedSynapse(tools=tools, workers=self.workers)
        api = load("synapse.api.app:create_app")(made.service, ApiSettings(api_host=self._ports.api_host))
        self._servers.add(PRIMARY, load("synapse.mcp_servers.primary:create_app")(servers, home), self._sockets[PRIMARY])
        self._servers.add(FILESYSTEM, load("synapse.mcp_servers.filesystem:create_app")(servers, home), self._sockets[FILESYSTEM])
        self._servers.add(API, api, self._sockets[API])
        self._synapse = made
        # Tables before requests, tools before the workers that use them.
        made.service.upgrade()
        self._servers.start()
        made.start()

    def _listen(self) -> None:
        ports = self._ports
        self._sockets[API] = listen(ports.api_host, ports.api, "SYNAPSE_API_PORT")
        self._sockets[PRIMARY] = listen(ports.mcp_host, ports.primary, "SYNAPSE_MCP_PRIMARY_PORT")
        self._sockets[FILESYSTEM] = listen(ports.mcp_host, ports.filesystem, "SYNAPSE_MCP_FILESYSTEM_PORT")

    def close(self) -> None:
        """No new requests, then the workers, then the tools they use. What was under way is gone on with by the next start."""
        made, self._synapse = self._synapse, None
        if made is not None:
            self._servers.stop(API, before=made.service.feed.close)
            made.stop()
        self._servers.stop()
        for listener in self._sockets.values():
            listener.close()
        self._sockets.clear()


def check_home() -> None:
    """Raise InvalidInput when the home folder cannot be written."""
    home = StorageSettings().home
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidInput(
            f"cannot write to {home}: {error.strerror}", field="SYNAPSE_HOME", remedy="set it to a folder of yours"
        ) from error
