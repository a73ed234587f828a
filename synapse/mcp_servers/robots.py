"""robots.txt by RFC 9309: what a host lets this program read, asked once a day and obeyed.

The file of an origin holds for that origin only. None (4xx) allows all; one that cannot be had (5xx, 429, no answer) forbids all.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import httpx
from protego import Protego

from synapse.egress.refused import Refused
from synapse.egress.urls import host_of, port_of
from synapse.errors import StepError, Transient

PRODUCT: Final = "synapse"
"""Our product token, as groups of a robots.txt name it in any case."""
MAX_BYTES: Final = 524_288
SECONDS: Final = 10.0
LONGEST_DELAY: Final = 10.0
"""Seconds of a Crawl-delay that are waited between two pages; a larger one counts as this."""
_DAY: Final = 86_400.0
_SOON: Final = 60.0
"""Seconds for which a file that could not be had is not asked for again."""
_FILES: Final = 1_000
_CHARACTERS: Final = 2 * MAX_BYTES
_IN_A_THREAD: Final = 65_536

_NEWLINE: Final = re.compile("\r\n|\r|\n")
_OTHER_BREAKS: Final = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_AGENT_TOKEN: Final = re.compile(r"[A-Za-z_-]+|\*")
_RULES: Final = frozenset({"allow", "disallow", "crawl-delay"})

Get = Callable[[httpx.URL], Awaitable[tuple[int, bytes]]]
"""The status and the first `MAX_BYTES` bytes behind a URL, redirects followed and checked; raises `synapse.errors`."""


@dataclass(frozen=True)
class Rules:
    """What one robots.txt says to us."""

    parser: Protego | None = None
    weight: int = 0
    failure: str | None = None
    """Why there is no file to go by; nothing may be read then."""

    def check(self, url: httpx.URL) -> float:
        """Seconds to leave between two requests. Raises Refused or Transient when the page may not be read."""
        if self.failure is not None:
            raise Transient(f"robots.txt could not be read, and without it nothing of the host is ({self.failure})", retry_after=_SOON)
        if self.parser is None:
            return 0.0
        # Only path and query are matched; a host that is ours keeps a path of two slashes from being taken for a host.
        if not self.parser.can_fetch("http://x" + url.raw_path.decode("ascii"), PRODUCT):
            raise Refused("robots.txt does not allow it", "robots")
        return min(LONGEST_DELAY, self.parser.crawl_delay(PRODUCT) or 0.0)


@dataclass
class Robots:
    """The robots.txt of many origins, remembered for up to a day. For one event loop."""

    get: Get
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[str, tuple[float, Rules]] = field(default_factory=OrderedDict, init=False)
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict, init=False)
    _weight: int = field(default=0, init=False)

    async def check(self, url: httpx.URL) -> float:
        """Seconds that the host wants between two requests. Raises Refused for what it forbids, Transient when it cannot be asked."""
        origin = f"{url.scheme}://{host_of(url)}:{port_of(url)}"
        rules = self._remembered(origin)
        if rules is None:
            lock = self._asking.setdefault(origin, asyncio.Lock())
            try:
                async with lock:
                    rules = self._remembered(origin) or await self._asked(url, origin)
            finally:
                if not lock.locked():
                    self._asking.pop(origin, None)
        return rules.check(url)

    async def _asked(self, url: httpx.URL, origin: str) -> Rules:
        try:
            async with asyncio.timeout(self.seconds):
                status, body = await self.get(url.copy_with(raw_path=b"/robots.txt", fragment=None))
        except TimeoutError:
            return self._keep(origin, Rules(failure=f"no answer within {self.seconds:g} seconds"))
        except StepError as error:
            if isinstance(error, Transient) and error.retry_after is not None:
                # The host wants to be left alone, which says nothing of its file and ends sooner or later than our memory.
                raise
            return self._keep(origin, Rules(failure=error.detail))
        if status == 429 or status >= 500:
            return self._keep(origin, Rules(failure=f"it answered {status}"))
        if not 200 <= status < 300:
            return self._keep(origin, Rules())
        text = body.decode("utf-8", "replace")
        rules = await asyncio.to_thread(parse, text) if len(text) > _IN_A_THREAD else parse(text)
        return self._keep(origin, rules)

    def _remembered(self, origin: str) -> Rules | None:
        known = self._known.get(origin)
        if known is None or known[0] <= self.clock():
            return None
        self._known.move_to_end(origin)
        return known[1]

    def _keep(self, origin: str, rules: Rules) -> Rules:
        old = self._known.pop(origin, None)
        self._weight += rules.weight - (old[1].weight if old is not None else 0)
        self._known[origin] = (self.clock() + (_DAY if rules.failure is None else _SOON), rules)
        while len(self._known) > _FILES or (self._weight > _CHARACTERS and len(self._known) > 1):
            self._weight -= self._known.popitem(last=False)[1][1].weight
        return rules


def parse(text: str) -> Rules:
    """What a robots.txt says to us, whatever it is made of."""
    ours = "\n".join(_ours(text))
    if not ours:
        return Rules()
    try:
        return Rules(Protego.parse(ours), len(ours))
    except ValueError:
        return Rules(failure="it cannot be parsed")


def _ours(text: str) -> list[str]:
    """The groups for us and for everybody, other agents' left out.

    The parser takes a token that ours merely begins with for ours, and multiplies a group's agents with its rules, which half a
    megabyte makes a hundred million of.
    """
    kept: list[str] = []
    named = ruled = False
    for raw in _NEWLINE.split(text.removeprefix("\ufeff")):
        # No pattern over a whole line: half a megabyte of blanks makes one take for ever.
        name, _, value = (part.strip() for part in _OTHER_BREAKS.sub(" ", raw).partition("#")[0].partition(":"))
        name = name.lower()
        if name in ("user-agent", "useragent", "user agent"):
            if ruled:
                named = ruled = False
            token = _AGENT_TOKEN.match(value)
            if token is not None and token[0].lower() in (PRODUCT, "*"):
                kept.append(f"User-agent: {token[0].lower()}")
                named = True
        elif name in _RULES:
            ruled = True
            if named:
                kept.append(f"{name}: {value}")
    return kept
