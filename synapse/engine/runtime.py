"""The parts of one process, put together from settings; each is made when it is first asked for."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import cached_property

from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.engine.heartbeat import Heartbeat
from synapse.engine.housekeeping import Duty, Housekeeping
from synapse.engine.last_resort import end_process, watched
from synapse.engine.publisher import Publisher, open_publisher
from synapse.engine.registry import Registry
from synapse.engine.runner import Runner
from synapse.engine.stopping import Stopping
from synapse.settings import BrokerSettings, EngineSettings, LlmSettings, StorageSettings, TenantSettings, ToolSettings
from synapse.state.database import Database
from synapse.state.window import Window
from synapse.tools.llm import Models
from synapse.tools.mcp import McpTools


class Runtime:
    """One process's parts. A forked child makes its own: connections do not survive a fork."""

    def __init__(
        self,
        storage: StorageSettings | None = None,
        broker: BrokerSettings | None = None,
        engine: EngineSettings | None = None,
        tools: ToolSettings | None = None,
        registry: Registry | None = None,
        llm: LlmSettings | None = None,
        tenants: TenantSettings | None = None,
    ) -> None:
        self.storage = storage or StorageSettings()
        self.broker = broker or BrokerSettings()
        self.engine = engine or EngineSettings()
        self.tool_settings = tools or ToolSettings()
        self.llm_settings = llm or LlmSettings()
        self.tenants = tenants or TenantSettings()
        self.disposable = False
        """Whether this is a process of a pool: one step at a time, and made anew when it ends."""
        self.duties: tuple[Duty, ...] = ()
        """What the housekeeping calls at each sweep, besides its own."""
        self.stopping = Stopping()
        """Whether the worker was asked to stop; the same for the processes of its pool."""
        if registry is not None:
            self.__dict__["registry"] = registry

    @cached_property
    def registry(self) -> Registry:
        """Every installed agent."""
        return Registry.installed()

    @cached_property
    def database(self) -> Database:
        """The one source of truth."""
        return Database.from_settings(self.storage, self.engine)

    @cached_property
    def publisher(self) -> Publisher:
        """The way to the broker."""
        return open_publisher(self.broker, self.registry.queues())

    @cached_property
    def window(self) -> Window:
        """What tenants with limits have on their way."""
        limits = self.tenants
        return Window(self.database.driver, self.engine.hint_grace_seconds, limits.tenant_window, limits.tenant_steps_per_second)

    @property
    def gate(self) -> Window | None:
        """What steps pass before they are sent; None where no tenant's ever wait."""
        return self.window if self.tenants.windowed else None

    @cached_property
    def tools(self) -> McpTools:
        """The MCP servers that the operator configured."""
        return McpTools(self.tool_settings)

    @cached_property
    def models(self) -> Models:
        """The language models that the operator configured, if any."""
        return Models(self.llm_settings)

    @cached_property
    def heartbeat(self) -> Heartbeat:
        """Keeps the leases of this process's steps."""
        end = end_process if self.disposable else None
        return Heartbeat(self.database.ledger, end, self.stopping, self.engine.stop_seconds)

    @cached_property
    def holder(self) -> str:
        """The name of the process, for leases and events."""
        return f"{socket.gethostname()}-{os.getpid()}"

    @cached_property
    def runner(self) -> Runner:
        """Tries steps."""
        return Runner(
            ledger=self.database.ledger,
            definitions=self.database.definitions,
            agents=self.registry,
            publisher=self.publisher,
            heartbeat=self.heartbeat,
            toolbox=self.toolbox,
            worker=self.holder,
            # A step that is gone on with passes no gate: where there is one, each step passes it.
            inline=self.engine.inline and self.gate is None,
            gate=self.gate,
            watch=watched if self.disposable else lambda seconds: nullcontext(),
            stopping=self.stopping,
            patience=self.tool_settings.tool_patience_seconds,
            tenant_classes=self.tenants.classes,
        )

    def toolbox(self, context: StepContext, progress: Callable[[float, float, str], Awaitable[None]]) -> Toolbox:
        """The tools of one attempt."""
        return self.tools.toolbox(context, blobs=self.database.blobs, progress=progress, models=self.models)

    def housekeeping(self) -> Housekeeping:
        """A new housekeeping thread, not started."""
        every, windowed = self.engine.reconcile_seconds, self.tenants.windowed
        return Housekeeping(
            self.database,
            self.publisher,
            self.holder,
            every,
            self.window,
            windowed=windowed,
            duties=self.duties,
            tenant_classes=self.tenants.classes,
        )

    def again(self) -> Runtime:
        """The same settings and agents with none of the parts made: what a forked child needs."""
        made = Runtime(self.storage, self.broker, self.engine, self.tool_settings, self.registry, self.llm_settings, self.tenants)
        made.disposable = True
        made.stopping = self.stopping
        return made

    def close(self) -> None:
        """Close what was made."""
        made = self.__dict__
        for name in ("heartbeat", "tools", "models", "publisher", "database"):
            if name in made:
                made.pop(name).close()
        made.pop("runner", None)
        made.pop("window", None)
