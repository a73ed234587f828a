"""What every provider outside this process is asked through: its time, its pace, and its circuit breaker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from synapse.contracts.evidence import Source
from synapse.errors import SynapseError, Transient
from synapse.mcp_servers.providers.base import Limited, SearchProvider
from synapse.mcp_servers.providers.breaker import Breaker
from synapse.mcp_servers.providers.limiter import Bucket

_DEFAULT_PAUSE: Final = 30.0
_LONGEST_PAUSE: Final = 600.0

Observe = Callable[[str, str, float], None]
"""(provider, outcome, seconds); outcome is ok, error, cancelled or not_asked."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Guarded:
    """A provider that can neither hang, nor be asked too often, nor raise what is not of `synapse.errors`."""

    provider: SearchProvider
    seconds: float
    bucket: Bucket | None = None
    breaker: Breaker = field(default_factory=Breaker)
    observe: Observe = lambda *_: None
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    @property
    def name(self) -> str:
        """The provider's own."""
        return self.provider.name

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """What the provider answers. Raises Transient when it is not asked, Transient or Permanent when it fails."""
        started, outcome = time.perf_counter(), "not_asked"
        ticket = self.breaker.admit()
        try:
            wait = self._turn(ticket)
            outcome = "error"
            async with asyncio.timeout(self.seconds):
                if wait:
                    await self.sleep(wait)
                found, failed = await self._ask(query, limit)
            outcome = "ok"
            return found[:limit], failed
        except TimeoutError:
            raise Transient(f"no answer within {self.seconds:g} seconds") from None
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            if ticket is not None:
                self.breaker.settle(ticket, {"ok": True, "error": False}.get(outcome))
            self.observe(self.name, outcome, time.perf_counter() - started)

    def _turn(self, ticket: int | None) -> float:
        """Seconds until the request may go out. Raises Transient when it is not to be made."""
        if ticket is None:
            raise Transient(f"not asked, for it kept failing; it is tried again in {self.breaker.remaining:.0f} s")
        wait = 0.0 if self.bucket is None else self.bucket.reserve(self.seconds / 2)
        if wait is None:
            raise Transient("not asked, for it is asked as often as it allows")
        return wait

    async def _ask(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        try:
            return await self.provider.search(query, limit)
        except Limited as error:
            if self.bucket is not None:
                self.bucket.pause(min(_LONGEST_PAUSE, _DEFAULT_PAUSE if error.pause is None else error.pause))
            raise
        except (SynapseError, TimeoutError):
            raise
        except OSError as error:
            raise Transient(f"the connection failed: {type(error).__name__}") from None
        except Exception as error:
            # Its type only: words of an unforeseen error may hold what was sent, a key among it.
            _log.error("search provider %s failed unexpectedly: %s", self.name, type(error).__name__)
            raise Transient(f"it failed unexpectedly: {type(error).__name__}") from None

    def ailment(self) -> str | None:
        """None while it is asked, else for how long it is not. Nobody is called for this."""
        return None if self.breaker.closed else f"kept failing; tried again in {self.breaker.remaining:.0f} s"
