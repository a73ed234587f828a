"""How often each caller may ask: by request, and by submission; told in every answer (draft-ietf-httpapi-ratelimit-headers).

Counted in this process's memory: with several replicas of the API each lets as much through. What a tenant may have under way is
counted in SQL, over all of them: `synapse.service.room`.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synapse.errors import TooManyRequests

_MINUTE: Final = 60
_MOST_CALLERS: Final = 10_000
_STATE: Final = "quotas"


@dataclass(frozen=True)
class Standing:
    """What a caller has left of one quota: ``left`` requests, and all of them again in ``seconds``."""

    name: str
    quota: int
    left: int
    seconds: int


@dataclass
class Quota:
    """So many requests a minute for each caller, all of them at once if they like; thread-safe. ``clock`` gives seconds."""

    name: str
    quota: int
    clock: Callable[[], float] = monotonic
    _tokens: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, caller: str) -> Standing:
        """Count one request of the caller. Raises TooManyRequests, which takes nothing."""
        rate = self.quota / _MINUTE
        with self._lock:
            now = self.clock()
            tokens, at = self._tokens.pop(caller, (float(self.quota), now))
            tokens = min(float(self.quota), tokens + (now - at) * rate)
            granted = tokens >= 1
            tokens -= granted
            self._tokens[caller] = (tokens, now)
            # Who has not asked for longest is forgotten first: by then most have their whole quota again.
            if len(self._tokens) > _MOST_CALLERS:
                self._tokens.popitem(last=False)
        standing = Standing(self.name, self.quota, int(tokens), math.ceil((self.quota - tokens) / rate))
        if not granted:
            wait = max(1, math.ceil((1 - tokens) / rate))
            raise Exhausted(standing, f"more than {self.quota} {self.name} a minute", remedy="ask less often", retry_after=wait)
        return standing


class Exhausted(TooManyRequests):
    """The caller asks more often than it may; ``standing`` is what is told of it."""

    def __init__(self, standing: Standing, detail: str, *, remedy: str, retry_after: int) -> None:
        super().__init__(detail, remedy=remedy, retry_after=retry_after)
        self.standing = standing


def note(scope: Scope, standing: Standing) -> None:
    """Have the answer tell of it."""
    scope.setdefault("state", {}).setdefault(_STATE, []).append(standing)


def fields(standings: Sequence[Standing]) -> dict[str, str]:
    """The header fields: every policy, and what is left of each."""
    return {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.quota};w={_MINUTE}' for each in standings),
        "RateLimit": ", ".join(f'"{each.name}";r={each.left};t={each.seconds}' for each in standings),
    }


class Told:
    """ASGI middleware: writes into each answer what `note` was told of its request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the fields, whatever kind of answer it gets."""

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and (standings := scope.get("state", {}).get(_STATE)):
                headers = MutableHeaders(scope=message)
                for name, value in fields(standings).items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, telling if scope["type"] == "http" else send)
