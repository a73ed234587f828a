"""A language model behind any server that speaks OpenAI's chat protocol; see `synapse.contracts.llm.Model`.

Servers differ in what they accept. What one has refused it is not offered again: a JSON schema, a JSON object, ``max_tokens``,
``temperature``. The SDK is imported with the first question, so that a worker without a model never loads it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from pydantic import ValidationError

from synapse.contracts.llm import A, Role, Usage
from synapse.contracts.toolbox import StepContext
from synapse.errors import NoAnswer
from synapse.settings import LlmSettings
from synapse.telemetry import metrics
from synapse.tools.budget import Budget
from synapse.tools.chat import Chat
from synapse.tools.loading import load
from synapse.tools.offer import Offer
from synapse.tools.outcome import Outcome, Unanswered
from synapse.tools.prompt import Message, correction, fault_of, messages
from synapse.tools.repair import mended, plain
from synapse.tools.talk import Line, Sleep, Talk

Connect = Callable[[str, LlmSettings], Chat]
"""(base URL, settings) → a server, connected to with the first request."""

SDK: Final = "synapse.tools.openai_chat:connect"
"""What connects to servers unless a caller gives something else; for `synapse.tools.loading.load`."""

_REFUSAL: Final = re.compile(r"\b(?:I(?:['’]m| am) (?:sorry|unable)|I (?:can(?:no|['’])t|won['’]t|must decline))\b", re.IGNORECASE)

_log = logging.getLogger(__name__)


class Models:
    """The servers that an operator configured. Nothing is opened before the first question; a forked child opens its own."""

    def __init__(self, settings: LlmSettings, sleep: Sleep = asyncio.sleep, connect: Connect | None = None) -> None:
        self.settings = settings
        self.refused: dict[tuple[str, str], frozenset[str]] = {}
        self._sleep = sleep
        self._connect = connect
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: dict[str, Line] = {}
        self._slots: asyncio.Semaphore | None = None

    def model(self, context: StepContext, spent: Usage) -> ServerModel | None:
        """The model for one step attempt; None when there is none."""
        if not self.settings.enabled:
            return None
        return ServerModel(self, Budget(self.settings, spent, context.deadline), context.agent)

    async def line(self, url: str) -> Line:
        """The way to a server, from the running loop. All lines share one limit of requests at a time."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._slots is None:
            # After a fork the parent's connections are still here, on a loop that no longer runs.
            self._loop, self._lines, self._slots = loop, {}, asyncio.Semaphore(self.settings.llm_concurrency)
        if self._connect is None:
            self._connect = await load(SDK)
        if url not in self._lines:
            chat = self._connect(url, self.settings)
            self._lines[url] = Line(chat, self._slots, self.settings.llm_timeout_seconds, self._sleep)
        return self._lines[url]

    async def aclose(self) -> None:
        """Close every connection. A later question opens new ones."""
        lines, self._lines = self._lines, {}
        for line in lines.values():
            await line.chat.close()

    def close(self) -> None:
        """Like `aclose`, from a thread that runs no event loop."""
        if self._lines and self._loop is not None and self._loop.is_running():
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self.aclose(), self._loop).result(5)


class ServerModel:
    """The model for one step of a run."""

    def __init__(self, models: Models, budget: Budget, agent: str) -> None:
        self._models = models
        self._budget = budget
        self._agent = agent

    @property
    def usage(self) -> Usage:
        """What the run has used, earlier steps included."""
        return self._budget.used

    async def ask(self, role: Role, instructions: str, data: Mapping[str, str], answer: type[A]) -> A:
        """An answer of the given type; one that cannot be used is asked for once more, with what is wrong with it."""
        outcome = Outcome.ERROR
        try:
            found, outcome = await self._asked(role, messages(instructions, data, answer), answer)
            return found
        except asyncio.CancelledError:
            outcome = Outcome.CANCELLED
            raise
        except Unanswered as error:
            outcome = error.outcome
            _log.warning("the model gave no answer for %s: %s", role.value, error)
            raise
        except Exception as error:
            # A model is never needed: whatever its client does, the step goes on without it.
            _log.exception("asking the model for %s failed", role.value)
            raise NoAnswer(f"asking it failed ({type(error).__name__})") from error
        finally:
            metrics.LLM_CALLS.labels(role, outcome).inc()
            if not outcome.answered and outcome is not Outcome.CANCELLED:
                self.unused(role)

    def unused(self, role: Role) -> None:
        """Count work that is done without the model after all: for want of an answer, or of one that holds."""
        metrics.LLM_FALLBACKS.labels(self._agent, role).inc()

    async def _asked(self, role: Role, conversation: list[Message], answer: type[A]) -> tuple[A, Outcome]:
        url, model = self._models.settings.endpoint(role)
        offer = Offer(model, answer, self._models.refused.get((url, model), ()))
        talk = Talk(await self._models.line(url), offer, self._budget, role)
        fault = ""
        for _ in range(2):
            said = await talk.say(conversation)
            # Only what led to an answer: a request refused in every form was not refused for its form.
            self._models.refused[url, model] = offer.without
            try:
                found, slips = _read(said, answer)
                return found, Outcome.RETRIED if fault or talk.waits else Outcome.REPAIRED if slips else Outcome.OK
            except ValidationError as error:
                fault = fault_of(error)
            except ValueError as error:
                fault = str(error)
            conversation = [*conversation, *correction(said, fault)]
        raise Unanswered(Outcome.BAD_JSON, f"its answer had another shape, twice ({fault})")


def _read(said: str, answer: type[A]) -> tuple[A, bool]:
    """The answer, and whether slips in it were mended. Raises ValueError, or Unanswered when what was said is a refusal."""
    value = plain(said)
    if value is not None:
        return answer.model_validate(value), False
    try:
        return answer.model_validate(mended(said)), True
    except ValidationError:
        raise
    except ValueError as error:
        if _REFUSAL.search(said):
            raise Unanswered(Outcome.REFUSAL, "it declined to answer") from error
        raise
