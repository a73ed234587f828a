"""Every setting, one typed model per concern, read from ``SYNAPSE_*`` variables.

A secret has no default here; a deployment that needs one and lacks it is refused by the part that needs it.
Nothing is read when this module is imported: make the model where it is needed.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict


class SecretFileSettings(BaseSettings):
    """Where settings are that must not stand in an environment."""

    model_config = SettingsConfigDict(env_prefix="SYNAPSE_", extra="ignore", frozen=True)
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder of files, each named as a variable in small letters (synapse_api_token) and holding its value, as Docker and "
        "Kubernetes mount secrets. A variable that is set goes before its file.",
    )

    @field_validator("secrets_dir")
    @classmethod
    def _there(cls, value: Path | None) -> Path | None:
        # Without it everything would start with no token at all, and say nothing of it.
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is no folder")
        return value


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SYNAPSE_", extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then variables, then files."""
        folder = SecretFileSettings().secrets_dir
        files = (SecretsSettingsSource(settings_cls, folder),) if folder is not None else ()
        return (init_settings, env_settings, *files)


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


class InboxSettings(_Settings):
    """Runs started by a message on RabbitMQ. Off unless users or a secret are set."""

    inbox_users: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="RabbitMQ users whose messages on the queue synapse-inbox start runs, separated by commas; user=tenant for another "
        "tenant than default.",
    )
    inbox_secret: SecretStr | None = Field(
        default=None, min_length=16, description="Secret of signed envelopes on the queue synapse-inbox, whoever sends them."
    )

    @field_validator("inbox_users", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return tuple(name for part in value.split(",") if (name := part.strip())) if isinstance(value, str) else value

    @property
    def enabled(self) -> bool:
        """Whether anybody could be told apart from a stranger."""
        return bool(self.inbox_users) or self.inbox_secret is not None

    @property
    def tenants(self) -> dict[str, str]:
        """Tenants by user."""
        return {user: tenant or "default" for user, _, tenant in (each.partition("=") for each in self.inbox_users)}


class EngineSettings(_Settings):
    """Leases, sweeps and limits of the engine."""

    lease_seconds: float = Field(default=30.0, gt=0, description="A step whose worker is silent for so long is given to another.")
    reconcile_seconds: float = Field(default=1.0, gt=0, description="How often lost hints, expired leases and due timers are looked for.")
    hint_grace_seconds: float = Field(
        default=30.0, gt=0, description="A ready step untouched for so long counts as having lost its message."
    )
    max_lost: int = Field(default=5, ge=1, description="A step that lost its worker more often fails, for it may be what kills them.")
    rollout_seconds: float = Field(
        default=900.0,
        gt=0,
        description="A step that only a worker of another version can do waits so long for one, as during a rollout, and then fails.",
    )
    stop_seconds: float = Field(
        default=240.0, ge=0, description="A worker that is asked to stop waits so long for its steps, and hands the others back."
    )
    run_timeout_seconds: float = Field(default=3600.0, gt=0, description="Deadline of a run that names none.")
    workflows_dir: Path | None = Field(default=None, description="Folder of your own workflow definitions, one YAML or JSON file each.")
    inline: bool = Field(
        default=True, description="Of the steps that one makes ready, try one for the same queue at once, without a message of its own."
    )
    concurrency: int = Field(default=4, ge=1, le=256, description="Steps at a time in an embedded or thread-pool worker.")


_CLASSED: Final = r"[a-z0-9-]{1,63}=[a-z0-9-]{1,32}"
_MOST_CLASSES: Final = 8


class TenantSettings(_Settings):
    """What each tenant may have at once, and what it is counted as. Unset, there is no such limit, and nothing is counted. The same for
    every process.
    """

    tenant_window: int | None = Field(
        default=None, ge=1, description="Steps on their way to workers at once; the others wait in SQL, the most urgent run's first."
    )
    tenant_steps_per_second: float | None = Field(default=None, gt=0, description="Steps sent to workers, with a second's worth at once.")
    tenant_max_runs: int | None = Field(default=None, ge=1, description="Runs under way; one more is answered with 429.")
    tenant_max_backlog: int | None = Field(
        default=None, ge=1, description="Steps that wait for the window or the rate; while there are more, a new run is answered with 429."
    )

    tenant_max_schedules: int | None = Field(default=None, ge=1, description="Schedules; one more is answered with 429.")
    tenant_classes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Classes of tenants that metrics of runs and steps, and log lines of steps, tell apart: tenant=class, separated by "
        "commas, as in acme=gold,initech=gold. The other tenants are other. Eight classes at most, for each has series of its own.",
    )

    @field_validator("tenant_classes", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return tuple(item for part in value.split(",") if (item := part.strip())) if isinstance(value, str) else value

    @field_validator("tenant_classes")
    @classmethod
    def _few_and_plain(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(_CLASSED, each):
                raise ValueError(f"{each!r} is not tenant=class, both of small letters, digits and dashes")
        tenants = [each.partition("=")[0] for each in value]
        if twice := sorted({tenant for tenant in tenants if tenants.count(tenant) > 1}):
            raise ValueError(f"{', '.join(twice)}: a tenant is of one class")
        if len(classes := {each.partition("=")[2] for each in value}) > _MOST_CLASSES:
            raise ValueError(f"{len(classes)} classes; there may be {_MOST_CLASSES}")
        return value

    @property
    def classes(self) -> dict[str, str]:
        """Classes by tenant."""
        return {tenant: name for tenant, _, name in (each.partition("=") for each in self.tenant_classes)}

    @property
    def windowed(self) -> bool:
        """Whether steps may have to wait."""
        return self.tenant_window is not None or self.tenant_steps_per_second is not None


class WebhookSettings(_Settings):
    """Where webhooks may lead, and how they are delivered. The same for the API and for workers."""

    webhook_allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts that are posted to although their addresses are private: 'host', or 'host:port' for another port."
    )
    webhook_public_url: str | None = Field(
        default=None, pattern=r"^https?://[^\s/]\S*[^\s/]$", description="The API's URL as receivers know it; without it links are paths."
    )
    webhook_timeout_seconds: float = Field(default=15.0, gt=0, le=60, description="Of one request.")
    webhook_concurrency: int = Field(default=16, ge=1, le=256, description="Requests at a time; two at most to one webhook.")
    webhook_max: int = Field(default=20, ge=0, description="Webhooks of one tenant; one more is answered with 429.")


class ToolSettings(_Settings):
    """Where agents find their tools."""

    mcp_primary_url: str = Field(default="http://127.0.0.1:8801/mcp/", description="The primary MCP server: search and browsing.")
    mcp_filesystem_url: str = Field(default="http://127.0.0.1:8802/mcp/", description="The filesystem MCP server.")
    tool_timeout_seconds: float = Field(default=30.0, gt=0, description="For one call of a tool; less when the step has less time left.")
    tool_patience_seconds: float = Field(
        default=120.0,
        ge=0,
        description="So long a step waits for an MCP server that does not answer at all, without losing one of its tries.",
    )
    mcp_token: SecretStr | None = Field(
        default=None, description="Bearer token the MCP servers ask for; required when they listen off loopback."
    )


class LlmSettings(_Settings):
    """The optional language model, behind any server that speaks OpenAI's protocol. Off unless base URL and model are set."""

    llm_base_url: str | None = Field(default=None, description="E.g. http://127.0.0.1:11434/v1; without it no model is asked.")
    llm_api_key: SecretStr | None = Field(default=None, description="Sent to every base URL below; local servers mostly need none.")
    llm_model: str | None = Field(default=None, description="The model's name as its server knows it.")
    llm_plan_base_url: str | None = Field(default=None, description="Another server for the plan.")
    llm_plan_model: str | None = Field(default=None, description="Another model for the plan.")
    llm_claims_base_url: str | None = Field(default=None, description="Another server for choosing and wording claims.")
    llm_claims_model: str | None = Field(default=None, description="Another model for choosing and wording claims.")
    llm_verify_base_url: str | None = Field(default=None, description="Another server for checking statements against their quotes.")
    llm_verify_model: str | None = Field(default=None, description="Another model for checking statements against their quotes.")
    llm_write_base_url: str | None = Field(default=None, description="Another server for the report's prose.")
    llm_write_model: str | None = Field(default=None, description="Another model for the report's prose.")
    llm_timeout_seconds: float = Field(default=60.0, gt=0, description="Of one request.")
    llm_max_tokens: int = Field(default=4096, ge=64, description="Tokens of one answer, a model's reasoning included.")
    llm_max_calls: int = Field(default=20, ge=1, description="Requests of one run.")
    llm_max_tokens_per_run: int = Field(default=100_000, ge=1, description="Tokens of one run, in and out.")
    llm_max_cost: float | None = Field(default=None, gt=0, description="Cost of one run, in the currency of the prices; needs the prices.")
    llm_price_in: float = Field(default=0.0, ge=0, description="Price of a million tokens sent.")
    llm_price_out: float = Field(default=0.0, ge=0, description="Price of a million tokens received.")
    llm_max_seconds: float = Field(default=300.0, gt=0, description="Seconds that one run waits for the model, all requests together.")
    llm_concurrency: int = Field(default=4, ge=1, description="Requests at a time of one process.")

    @property
    def enabled(self) -> bool:
        """Whether there is a model to ask."""
        return self.llm_base_url is not None

    def endpoint(self, role: str) -> tuple[str, str]:
        """Base URL and model for a role: plan, claims, verify or write. Raises ValueError when there is no model."""
        url = getattr(self, f"llm_{role}_base_url") or self.llm_base_url
        model = getattr(self, f"llm_{role}_model") or self.llm_model
        if url is None or model is None:
            raise ValueError("no language model is configured")
        return url, model

    @model_validator(mode="after")
    def _whole(self) -> LlmSettings:
        # Half of it would silently be no model at all.
        if (self.llm_base_url is None) != (self.llm_model is None):
            raise ValueError("SYNAPSE_LLM_BASE_URL and SYNAPSE_LLM_MODEL are set together, or neither is")
        if self.llm_max_cost is not None and not self.llm_price_in + self.llm_price_out:
            raise ValueError("SYNAPSE_LLM_MAX_COST needs SYNAPSE_LLM_PRICE_IN and SYNAPSE_LLM_PRICE_OUT")
        return self


class McpServerSettings(_Settings):
    """The MCP servers themselves."""

    mcp_host: str = Field(default="127.0.0.1", description="What they listen on; off loopback a token or an issuer is required.")
    mcp_primary_port: int = Field(default=8801, ge=0, le=65535, description="0 takes a free one.")
    mcp_filesystem_port: int = Field(default=8802, ge=0, le=65535, description="0 takes a free one.")
    mcp_allowed_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost", "::1"), description="Host and Origin headers that are answered, without port."
    )
    mcp_max_body: int = Field(
        default=4_000_000, ge=1024, description="Bytes of one request to an MCP server, and so what a file that is saved may have."
    )
    mcp_token: SecretStr | None = Field(default=None, description="The same token: what the servers ask for.")
    mcp_oauth_issuer: str | None = Field(
        default=None,
        description="Authorization server whose access tokens are accepted, beside the shared token; its metadata is found by it.",
    )
    mcp_oauth_audience: str | None = Field(
        default=None, description="URL of this MCP server as its clients know it: tokens must be made for it. One for each server."
    )
    mcp_oauth_jwks_url: str | None = Field(default=None, description="Where the issuer's keys are; by default as its metadata says.")
    snapshot_bytes: int = Field(
        default=500_000_000, ge=0, description="Bytes of pages kept below <home>/snapshots for read_snapshot; 0 keeps none."
    )
    corpus_dir: Path | None = Field(default=None, description="Folder of corpus indexes; by default <home>/corpora.")
    files_root: Path | None = Field(
        default=None, description="The folder the filesystem server keeps files below, the root named default; by default <home>/reports."
    )
    files_roots: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Further roots, as name=folder, separated by commas; a tool is told which by its argument root."
    )
    files_read_only: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Names of roots in which nothing may be written, separated by commas."
    )
    files_max_bytes: int = Field(default=10_000_000, ge=1, description="Bytes of one file that is saved, and of one answer.")
    files_quota_bytes: int = Field(default=10_000_000_000, ge=0, description="Bytes that each root may hold; 0: no limit.")
    files_quota_entries: int = Field(default=200_000, ge=0, description="Files and directories that each root may hold; 0: no limit.")
    files_quotas: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Other limits for some roots, as name=bytes/entries, separated by commas; 0: no limit."
    )
    fetch_max_bytes: int = Field(default=10_000_000, ge=1024, description="Bytes of one page, on the wire or after decompression.")
    fetch_timeout_seconds: float = Field(default=20.0, gt=0, description="For one page to arrive, redirects included.")
    fetch_allow_hosts: tuple[str, ...] = Field(
        default=(), description="Private hosts that may be fetched all the same: 'wiki.intern', or 'wiki.intern:8080' for another port."
    )
    fetch_ports: tuple[int, ...] = Field(default=(80, 443), description="Ports that any host may be fetched from.")
    fetch_robots: Literal["obey", "ignore"] = Field(
        default="obey",
        description="What a host's robots.txt counts for. ignore: that of the hosts listed in SYNAPSE_FETCH_ALLOW_HOSTS is not asked for.",
    )
    fetch_per_host: int = Field(default=2, ge=1, le=64, description="Requests to one host at once.")
    fetch_spacing_seconds: float = Field(default=0.1, ge=0, le=60, description="Between two pages of one host, at least.")
    fetch_readers: int = Field(default=2, ge=1, le=64, description="Pages that are parsed at once, each in a limited process of its own.")
    fetch_reader_seconds: float = Field(default=20.0, gt=0, description="For parsing one page, after which its process is killed.")
    fetch_reader_bytes: int = Field(default=800_000_000, ge=50_000_000, description="Memory for parsing one page, at most.")
    fetch_cache_bytes: int = Field(default=256_000_000, ge=0, description="Bytes of fetched pages kept below <home>/cache; 0 keeps none.")

    @field_validator("files_roots", "files_read_only", "files_quotas", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(item for part in value.split(",") if (item := part.strip()))
        return value


SearchName = Literal["corpus", "searxng", "wikipedia", "arxiv", "openalex", "brave", "tavily", "ddgs"]
_BASE_URL: Final = r"^https?://[^\s/]\S*$"


class SearchSettings(_Settings):
    """Who is asked when something is searched. Without any of these only the local corpora are, and nothing leaves the machine."""

    search_providers: Annotated[tuple[SearchName, ...] | None, NoDecode] = Field(
        default=None,
        description="Who is asked, separated by commas: corpus, searxng, wikipedia, arxiv, openalex, brave, tavily, ddgs. "
        "By default corpus, and of searxng, brave and tavily those whose URL or key is set.",
    )
    search_timeout_seconds: float = Field(default=10.0, gt=0, le=60, description="How long one provider is waited for, its turn included.")
    search_contact: str | None = Field(
        default=None,
        pattern=r"^[\x21-\x7e]+@[\x21-\x7e]+$",
        description="E-mail address told to Wikipedia, arXiv and OpenAlex, which ask for one; none is told by default.",
    )
    searxng_url: str | None = Field(default=None, description="Base URL of a SearXNG with its JSON format enabled.")
    wikipedia_language: str = Field(default="en", pattern=r"^[a-z]{2,12}(-[a-z]{2,12})*$", description="Whose Wikipedia, e.g. de.")
    wikipedia_url: str | None = Field(default=None, pattern=_BASE_URL, description="Another MediaWiki's base URL, without /w/api.php.")
    arxiv_url: str = Field(default="https://export.arxiv.org", pattern=_BASE_URL, description="Base URL of arXiv, or of a stand-in.")
    openalex_url: str = Field(default="https://api.openalex.org", pattern=_BASE_URL, description="Base URL of OpenAlex, or of a stand-in.")
    openalex_key: SecretStr | None = Field(default=None, description="Free of charge; without one OpenAlex answers few searches a day.")
    brave_url: str = Field(default="https://api.search.brave.com", pattern=_BASE_URL, description="Base URL of Brave, or of a stand-in.")
    brave_key: SecretStr | None = Field(default=None, description="Subscription token of the Brave Search API.")
    tavily_url: str = Field(default="https://api.tavily.com", pattern=_BASE_URL, description="Base URL of Tavily, or of a stand-in.")
    tavily_key: SecretStr | None = Field(default=None, description="API key of Tavily.")

    @field_validator("search_providers", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            # The JSON spelling of the other lists is read too.
            return tuple(name for part in value.strip("[] ").split(",") if (name := part.strip("\"' ").lower())) or None
        return value

    @property
    def asked(self) -> tuple[SearchName, ...]:
        """The providers that are asked, each once, in the order they were listed."""
        if self.search_providers is not None:
            return tuple(dict.fromkeys(self.search_providers))
        configured: dict[SearchName, object] = {"searxng": self.searxng_url, "brave": self.brave_key, "tavily": self.tavily_key}
        return ("corpus", *(name for name, value in configured.items() if value))


class ApiSettings(_Settings):
    """The HTTP API, and how the command reaches it."""

    api_host: str = Field(default="127.0.0.1", description="What it listens on.")
    api_port: int = Field(default=8800, ge=0, le=65535, description="0 takes a free one.")
    api_url: str = Field(default="http://127.0.0.1:8800", description="Where the command finds the API.")
    api_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Of the API: the operator's token, with which everything may be done; off loopback this or OIDC is required. "
        "Of the command: what it sends, which may as well be an API key.",
    )
    api_allowed_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost", "::1"), description="Host headers answered while there is no token, without port."
    )
    api_max_body: int = Field(default=1_000_000, ge=1024, description="Bytes of a request's body.")
    api_requests_per_minute: int | None = Field(
        default=None, ge=1, description="Of each key or token and each process of the API; one more is answered with 429."
    )
    api_submissions_per_minute: int | None = Field(default=None, ge=1, description="The same for runs that are started.")
    api_mcp: bool = Field(default=True, description="Whether the API is an MCP server too, at ``/mcp``, behind the same credentials.")
    api_oidc_issuer: str | None = Field(
        default=None, description="Authorization server whose access tokens (JWTs) are accepted; its metadata is found by it."
    )
    api_oidc_audience: str | None = Field(default=None, description="What tokens must be made for: this API as the issuer knows it.")
    api_oidc_jwks_url: str | None = Field(default=None, description="Where the issuer's keys are; by default as its metadata says.")
    api_oidc_tenant_claim: str = Field(
        default="tenant", min_length=1, description="The claim that names the tenant; a token without is refused."
    )
    api_oidc_scope_claim: str | None = Field(default=None, description="The claim that has the scopes; by default scope, or scp.")


_LINK: Final = r"^https?://[^\s/?#@]+(?:[/?#]\S*)?$"
"""An address that a browser opens. Without a name and password: everybody who sees the link would read them."""


class ConsoleSettings(_Settings):
    """Where the web console links to. A link whose address is not set is not shown; whoever may read runs may read the addresses."""

    console_flower_url: str | None = Field(
        default=None, pattern=_LINK, description="Flower as people's browsers reach it, e.g. https://flower.example.com."
    )
    console_grafana_url: str | None = Field(
        default=None, pattern=_LINK, description="Grafana, or one of its dashboards, e.g. https://grafana.example.com/d/synapse-overview."
    )
    console_trace_url: str | None = Field(
        default=None,
        pattern=_LINK,
        description="A trace, with {trace_id} where its id goes, e.g. https://jaeger.example.com/trace/{trace_id}.",
    )

    @field_validator("console_trace_url")
    @classmethod
    def _has_a_place_for_the_id(cls, value: str | None) -> str | None:
        if value is not None and value.count("{trace_id}") != 1:
            raise ValueError("it must have {trace_id} once, where the id goes")
        return value


class TlsSettings(_Settings):
    """Whose certificates are believed."""

    ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) of authorities of your own, believed beside the usual ones by whatever connects over HTTPS.",
    )

    @field_validator("ca_file")
    @classmethod
    def _of_certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.create_default_context(cafile=value)
            except OSError as error:
                raise ValueError(f"{value} cannot be used as a file of certificates in PEM: {error.strerror or error}") from error
        return value


class ServingSettings(_Settings):
    """How ``synapse api`` and ``synapse mcp`` stop."""

    drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="After SIGTERM a server answers for so long as before, /readyz excepted, so that a load balancer learns of it.",
    )


class WorkerMetricsSettings(_Settings):
    """What a worker tells over HTTP: ``/metrics``, ``/healthz``, ``/readyz``. Off unless a port is set."""

    worker_metrics_port: int | None = Field(default=None, ge=0, le=65535, description="Where a worker answers; 0 takes a free port.")
    worker_metrics_host: str = Field(default="127.0.0.1", description="What it listens on; it asks nobody for a token.")


class ControlSettings(_Settings):
    """A socket by which this user asks a running process what it does and what it holds: ``synapse profile``."""

    control_socket: bool = Field(
        default=True, description="Whether workers, the API and MCP servers have one; it costs nothing until asked."
    )
    runtime_dir: Path | None = Field(
        default=None, description="Folder of the sockets, of mode 0700; by default synapse-<user id> in the folder for temporary files."
    )


class TraceSettings(_Settings):
    """Where traces go. Off unless an endpoint is named here or by OpenTelemetry's own ``OTEL_EXPORTER_OTLP_ENDPOINT``."""

    otel_endpoint: str | None = Field(
        default=None, pattern=r"^https?://[^\s/]\S*$", description="Base URL of an OTLP collector over HTTP, e.g. http://127.0.0.1:4318."
    )
    otel_sample_ratio: float | None = Field(
        default=None, ge=0, le=1, description="Part of the runs that are traced; by default as OTEL_TRACES_SAMPLER says, or all."
    )
    otel_keep_failures: bool = Field(
        default=True, description="With a ratio below 1: of the other runs, what a process did where something failed is sent all the same."
    )


class LogSettings(_Settings):
    """What is logged, and in what shape. Logs go to stderr."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is said.")
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
