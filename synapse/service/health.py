"""Whether each dependency answers, and what to do when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any
from urllib.parse import urljoin

import httpx
from pydantic import Field

from synapse import trust
from synapse.contracts.evidence import Frozen
from synapse.engine.broker import check_broker
from synapse.engine.runtime import Runtime
from synapse.errors import SynapseError, Unavailable

_SECONDS = 5.0
_SHORT_SECONDS = 3.0
"""For what is not needed: one that hangs must not cost whoever probes the patience that it has with the rest."""


class Check(Frozen):
    """One dependency."""

    name: str
    ok: bool
    needed: bool = Field(default=True, description="Whether nothing can be asked without it. Else runs are taken, and wait for it.")
    milliseconds: float
    detail: str = ""
    remedy: str | None = None


class Health(Frozen):
    """All of them."""

    ok: bool = Field(description="Whether requests can be answered and runs be taken.")
    degraded: bool = Field(default=False, description="Whether something does not answer that steps need: runs are taken, and wait for it.")
    checks: tuple[Check, ...] = Field(default=())


class HealthChecks:
    """Checks database, broker and MCP servers, side by side and bounded in time.

    Only the database is needed: a run is written there, and its steps are tried once broker and tools are back. An API that said
    no while a tool is away would be taken out of service with every other instance, and with them all reports and what is under way.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def __call__(self) -> Health:
        """Ask every dependency once."""
        runtime = self.runtime
        tools = runtime.tool_settings
        checks = await asyncio.gather(
            _check(
                "database",
                lambda: asyncio.to_thread(runtime.database.check_version),
                "check SYNAPSE_DATABASE_URL; run 'synapse db upgrade'",
            ),
            _check(
                "broker",
                lambda: asyncio.to_thread(check_broker, runtime.broker.url),
                "check SYNAPSE_BROKER_URL and that RabbitMQ runs",
                needed=False,
            ),
            _check("mcp primary", lambda: _ready(tools.mcp_primary_url), "start it with 'synapse mcp primary'", needed=False),
            _check("mcp filesystem", lambda: _ready(tools.mcp_filesystem_url), "start it with 'synapse mcp filesystem'", needed=False),
        )
        return of(checks)


def of(checks: Sequence[Check]) -> Health:
    """What the checks come to."""
    return Health(
        ok=all(check.ok for check in checks if check.needed),
        degraded=not all(check.ok for check in checks if not check.needed),
        checks=tuple(checks),
    )


async def _check(name: str, ask: Callable[[], Awaitable[Any]], remedy: str, *, needed: bool = True) -> Check:
    seconds = _SECONDS if needed else _SHORT_SECONDS
    started = perf_counter()
    detail, found_remedy = "", None
    try:
        async with asyncio.timeout(seconds):
            await ask()
    except TimeoutError:
        detail, found_remedy = f"no answer within {seconds:g} seconds", remedy
    except SynapseError as error:
        detail, found_remedy = error.detail, error.remedy or remedy
    except Exception as error:  # a check reports whatever is wrong
        detail, found_remedy = f"{type(error).__name__}: {error}"[:300], remedy
    milliseconds = round((perf_counter() - started) * 1000, 1)
    return Check(name=name, ok=not detail, needed=needed, milliseconds=milliseconds, detail=detail, remedy=found_remedy)


async def _ready(url: str) -> None:
    async with httpx.AsyncClient(timeout=_SECONDS, verify=trust.context(), trust_env=False) as client:
        response = await client.get(urljoin(url, "/readyz"))
    if response.status_code != httpx.codes.OK:
        raise Unavailable(f"{url} answered {response.status_code}: {response.text[:200]}")
