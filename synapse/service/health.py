"""Whether each dependency answers, and what to do when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any
from urllib.parse import urljoin

import httpx
from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.engine.broker import check_broker
from synapse.engine.runtime import Runtime
from synapse.errors import SynapseError, Unavailable

_SECONDS = 5.0


class Check(Frozen):
    """One dependency."""

    name: str
    ok: bool
    milliseconds: float
    detail: str = ""
    remedy: str | None = None


class Health(Frozen):
    """All of them."""

    ok: bool
    checks: tuple[Check, ...] = Field(default=())


class HealthChecks:
    """Checks database, broker and MCP servers, side by side and bounded in time."""

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
                "broker", lambda: asyncio.to_thread(check_broker, runtime.broker.url), "check SYNAPSE_BROKER_URL and that RabbitMQ runs"
            ),
            _check("mcp primary", lambda: _ready(tools.mcp_primary_url), "start it with 'synapse mcp primary'"),
            _check("mcp filesystem", lambda: _ready(tools.mcp_filesystem_url), "start it with 'synapse mcp filesystem'"),
        )
        return Health(ok=all(check.ok for check in checks), checks=checks)


async def _check(name: str, ask: Callable[[], Awaitable[Any]], remedy: str) -> Check:
    started = perf_counter()
    detail, found_remedy = "", None
    try:
        async with asyncio.timeout(_SECONDS):
            await ask()
    except TimeoutError:
        detail, found_remedy = f"no answer within {_SECONDS:g} seconds", remedy
    except SynapseError as error:
        detail, found_remedy = error.detail, error.remedy or remedy
    except Exception as error:  # a check reports whatever is wrong
        detail, found_remedy = f"{type(error).__name__}: {error}"[:300], remedy
    return Check(name=name, ok=not detail, milliseconds=round((perf_counter() - started) * 1000, 1), detail=detail, remedy=found_remedy)


async def _ready(url: str) -> None:
    async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
        response = await client.get(urljoin(url, "/readyz"))
    if response.status_code != httpx.codes.OK:
        raise Unavailable(f"{url} answered {response.status_code}: {response.text[:200]}")
