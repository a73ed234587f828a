"""Requests to one server about one answer: when to come back, when to give up, and what that cost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final

from synapse.contracts.llm import Role
from synapse.telemetry import metrics
from synapse.tools.budget import Budget, Reserved, estimated
from synapse.tools.chat import Chat, Refused, Reply, Unreachable
from synapse.tools.offer import Offer
from synapse.tools.outcome import Outcome, Unanswered
from synapse.tools.prompt import Message
from synapse.tools.repair import spoken

Sleep = Callable[[float], Awaitable[None]]

_BUSY_WAITS: Final = 3
_FAULTY_RETRIES: Final = 1


@dataclass(frozen=True)
class Line:
    """The way to a server, which all questions of a process share."""

    chat: Chat
    slots: asyncio.Semaphore
    timeout: float
    """Seconds of one request."""
    sleep: Sleep


class Talk:
    """Requests to one server about one answer."""

    def __init__(self, line: Line, offer: Offer, budget: Budget, role: Role) -> None:
        self._line, self._offer, self._budget, self._role = line, offer, budget, role
        self.waits = 0
        """How often it waited for a server that was busy, or had failed."""

    async def say(self, conversation: list[Message]) -> str:
        """What the model says after thinking. Raises Unanswered."""
        busy = faulty = 0
        while True:
            try:
                return _usable(await self._request(conversation))
            except Refused as error:
                if error.busy and busy < _BUSY_WAITS:
                    busy += 1
                    await self._wait(error.retry_after, error.outcome, f"the server is busy ({error.http_status})")
                elif self._offer.less(error):
                    continue
                elif error.broken and faulty < _FAULTY_RETRIES:
                    faulty += 1
                    await self._wait(random.uniform(0.2, 1.0), error.outcome, f"the server failed ({error.http_status})")
                else:
                    raise
            except Unreachable as error:
                if faulty >= _FAULTY_RETRIES:
                    raise
                faulty += 1
                await self._wait(random.uniform(0.2, 1.0), error.outcome, error.detail)

    async def _wait(self, seconds: float, why: Outcome, said: str) -> None:
        if seconds >= self._budget.seconds_left():
            raise Unanswered(why, f"{said}, and to wait {seconds:.0f} seconds is more than there is time for")
        self.waits += 1
        await self._line.sleep(seconds)
        self._budget.waited(seconds)

    async def _request(self, conversation: list[Message]) -> Reply:
        size = sum(estimated(message["content"]) for message in conversation)
        async with self._slot():
            reserved = self._budget.reserve(size)
            # A request that failed may have been worked on all the same; one that was refused was not.
            used, guessed, started = (size, 0), True, monotonic()
            try:
                reply = await self._complete(conversation, reserved)
                used, guessed = reply.tokens or (size, estimated(reply.text)), reply.tokens is None
                return reply
            except Refused:
                used, guessed = (0, 0), False
                raise
            finally:
                seconds = monotonic() - started
                self._budget.settle(reserved, *used, seconds, guessed=guessed)
                self._count(*used, seconds)

    async def _complete(self, conversation: list[Message], reserved: Reserved) -> Reply:
        seconds = min(self._line.timeout, self._budget.seconds_left())
        try:
            async with asyncio.timeout(seconds):
                return await self._line.chat.complete(self._offer.request(conversation, reserved.tokens_out))
        except TimeoutError:
            raise Unanswered(Outcome.TIMEOUT, f"no answer within {seconds:.3g} seconds") from None

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """One of the places for requests under way in this process."""
        started = monotonic()
        try:
            await asyncio.wait_for(self._line.slots.acquire(), max(self._budget.seconds_left(), 0.001))
        except TimeoutError:
            taken = "no request could be made in time: all slots of SYNAPSE_LLM_CONCURRENCY were taken"
            raise Unanswered(Outcome.TIMEOUT, taken) from None
        finally:
            metrics.LLM_SLOT_SECONDS.observe(monotonic() - started)
        try:
            yield
        finally:
            self._line.slots.release()

    def _count(self, tokens_in: int, tokens_out: int, seconds: float) -> None:
        metrics.LLM_REQUEST_SECONDS.labels(self._role).observe(seconds)
        metrics.LLM_TOKENS.labels(self._role, "in").inc(tokens_in)
        metrics.LLM_TOKENS.labels(self._role, "out").inc(tokens_out)
        metrics.LLM_COST.labels(self._role).inc(self._budget.price(tokens_in, tokens_out))


def _usable(reply: Reply) -> str:
    if reply.refused:
        raise Unanswered(Outcome.REFUSAL, "it declined to answer")
    said = spoken(reply.text)
    if not said:
        cut = reply.finish == "length"
        raise Unanswered(Outcome.EMPTY, "it used up its tokens before it answered" if cut else "its answer was empty")
    return said
