"""Every setting, one typed model per concern, read from ``SYNAPSE_*`` variables.

A secret has no default here; a deployment that needs one and lacks it is refused by the part that needs it.
Nothing is read when this module is imported: make the model where it is needed.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SYNAPSE_", extra="ignore", frozen=True)


class StorageSettings(_Settings):
    """Where state and files live."""

    home: Path = Field(default=Path(".synapse"), description="Folder of the embedded mode: SQLite file, blobs, corpora, reports.")
    database_url: SecretStr | None = Field(default=None, description="postgresql://… or sqlite:///…; by default SQLite in the home folder.")
    inline_limit: int = Field(default=65_536, ge=1024, description="Bytes of a step's output kept in SQL; a larger one becomes a blob.")

    @property
    def database(self) -> str:
        """The database URL with the embedded default filled in."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home.absolute() / 'synapse.db'}"


class BrokerSettings(_Settings):
    """The message broker. Without a URL everything runs in one process over memory."""

    broker_url: SecretStr | None = Field(default=None, description="amqp://user:password@host:5672/vhost; none for the embedded mode.")
    task_events: bool = Field(default=True, description="Celery task events for Flower and the exporter; they cost throughput.")
    queue_type: Literal["classic", "quorum"] = Field(
        default="classic", description="quorum replicates over a RabbitMQ cluster, at about twice the latency; hints need no replica."
    )
    confirm_timeout: float = Field(default=10.0, gt=0, description="Seconds to wait for the broker's confirms.")

    @property
    def url(self) -> str:
        """The broker URL with the embedded default filled in."""
        return self.broker_url.get_secret_value() if self.broker_url is not None else "memory://"

    @property
    def embedded(self) -> bool:
        """Whether messages stay inside this process."""
        return self.broker_url is None


class EngineSettings(_Settings):
    """Leases, sweeps and limits of the engine."""

    lease_seconds: float = Field(default=30.0, gt=0, description="A step whose worker is silent for so long is given to another.")
    reconcile_seconds: float = Field(default=1.0, gt=0, description="How often lost hints, expired leases and due timers are looked for.")
    hint_grace_seconds: float = Field(
        default=30.0, gt=0, description="A ready step untouched for so long counts as having lost its message."
    )
    max_lost: int = Field(default=5, ge=1, description="A step that lost its worker more often fails, for it may be what kills them.")
    run_timeout_seconds: float = Field(default=3600.0, gt=0, description="Deadline of a run that names none.")
    workflows_dir: Path | None = Field(default=None, description="Folder of your own workflow definitions, one YAML or JSON file each.")
    inline: bool = Field(
        default=True, description="Of the steps that one makes ready, try one for the same queue at once, without a message of its own."
    )
    concurrency: int = Field(default=4, ge=1, le=256, description="Steps at a time in an embedded or thread-pool worker.")


class ToolSettings(_Settings):
    """Where agents find their tools."""

    mcp_primary_url: str = Field(default="http://127.0.0.1:8801/mcp/", description="The primary MCP server: search and browsing.")
    mcp_filesystem_url: str = Field(default="http://127.0.0.1:8802/mcp/", description="The filesystem MCP server.")
    tool_timeout_seconds: float = Field(default=30.0, gt=0)
    mcp_token: SecretStr | None = Field(
        default=None, description="Bearer token the MCP servers ask for; required when they listen off loopback."
    )


class McpServerSettings(_Settings):
    """The MCP servers themselves."""

    mcp_host: str = "127.0.0.1"
    mcp_primary_port: int = Field(default=8801, ge=0, le=65535)
    mcp_filesystem_port: int = Field(default=8802, ge=0, le=65535)
    mcp_allowed_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost"), description="Host headers that are answered, without port."
    )
    mcp_token: SecretStr | None = None
    corpus_dir: Path | None = Field(default=None, description="Folder of corpus indexes; by default <home>/corpora.")
    files_root: Path | None = Field(
        default=None, description="The only folder the filesystem server writes below; by default <home>/reports."
    )
    searxng_url: str | None = Field(default=None, description="Base URL of a SearXNG with its JSON format enabled.")
    fetch_max_bytes: int = Field(default=10_000_000, ge=1024)
    fetch_timeout_seconds: float = Field(default=20.0, gt=0)
    fetch_allow_hosts: tuple[str, ...] = Field(
        default=(), description="Private hosts that may be fetched all the same, e.g. an intranet wiki."
    )


class ApiSettings(_Settings):
    """The HTTP API, and how the command reaches it."""

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8800, ge=0, le=65535)
    api_url: str = Field(default="http://127.0.0.1:8800", description="Where the command finds the API.")
    api_token: SecretStr | None = Field(
        default=None, min_length=16, description="Bearer token the API asks for and the command sends; required to listen off loopback."
    )
    api_allowed_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost", "::1"), description="Host headers answered while there is no token, without port."
    )
    api_max_body: int = Field(default=1_000_000, ge=1024, description="Bytes of a request's body.")


class LogSettings(_Settings):
    """What is logged, and in what shape. Logs go to stderr."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: for people on a terminal, JSON lines elsewhere."
    )


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
