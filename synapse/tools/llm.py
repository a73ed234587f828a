"""A language model behind any server that speaks OpenAI's chat protocol; see `synapse.contracts.llm.Model`.

Servers differ in what they accept. What one has refused it is not offered again: a JSON schema, a JSON object, ``max_tokens``,
``temperature``. The SDK is imported with the first question, so that a worker without a model never loads it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ValidationError

from synapse.contracts.llm import A, Role, Usage
from synapse.contracts.toolbox import StepContext
from synapse.errors import NoAnswer
from synapse.settings import LlmSettings, is_loopback
from synapse.tools.budget import Budget, estimated
from synapse.tools.prompt import Message, correction, fault_of, messages, shape
from synapse.tools.repair import repaired, spoken

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

Sleep = Callable[[float], Awaitable[None]]

_SCHEMA, _OBJECT, _MAX_TOKENS, _TEMPERATURE = "json_schema", "json_object", "max_tokens", "temperature"
_REFUSED_PARAMETER: Final = frozenset({400, 415, 422, 501})
_BUSY: Final = frozenset({429, 503, 529})
_BUSY_WAITS: Final = 3
_BUSY_SECONDS: Final = 1.0
_FAULTY_RETRIES: Final = 1
_REFUSAL: Final = re.compile(r"\b(?:I(?:['’]m| am) (?:sorry|unable)|I (?:can(?:no|['’])t|won['’]t|must decline))\b", re.IGNORECASE)
_WHY: Final = {401: "it refused the key", 403: "it refused the key", 404: "it knows no such model or address"}
_FOREIGN: Final = "the server's answer is not of OpenAI's protocol"

_log = logging.getLogger(__name__)


class Models:
    """The servers that an operator configured. Nothing is opened before the first question; a forked child opens its own."""

    def __init__(self, settings: LlmSettings, sleep: Sleep = asyncio.sleep) -> None:
        self.settings = settings
        self.sleep = sleep
        self.refused: dict[tuple[str, str], set[str]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: dict[str, AsyncOpenAI] = {}
        self._limit: asyncio.Semaphore | None = None

    def model(self, context: StepContext, spent: Usage) -> ServerModel | None:
        """The model for one step attempt; None when there is none."""
        return ServerModel(self, Budget(self.settings, spent, context.deadline)) if self.settings.enabled else None

    def client(self, url: str) -> AsyncOpenAI:
        """The client for a server, on the running loop."""
        self._here()
        if url not in self._clients:
            self._clients[url] = _open(url, self.settings)
        return self._clients[url]

    def limit(self) -> asyncio.Semaphore:
        """The process's one limiter."""
        self._here()
        assert self._limit is not None  # noqa: S101 - made by the line above
        return self._limit

    async def aclose(self) -> None:
        """Close every connection. A later question opens new ones."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def close(self) -> None:
        """Like `aclose`, from a thread that runs no event loop."""
        if self._clients and self._loop is not None and self._loop.is_running():
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self.aclose(), self._loop).result(5)

    def _here(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # After a fork the parent's clients are still here, on a loop that no longer runs.
            self._loop, self._clients, self._limit = loop, {}, asyncio.Semaphore(self.settings.llm_concurrency)


class ServerModel:
    """The model for one step of a run."""

    def __init__(self, models: Models, budget: Budget) -> None:
        self._models = models
        self._budget = budget

    @property
    def usage(self) -> Usage:
        """What the run has used, earlier steps included."""
        return self._budget.used

    async def ask(self, role: Role, instructions: str, data: Mapping[str, str], answer: type[A]) -> A:
        """An answer of the given type; one that cannot be used is asked for once more, with what is wrong with it."""
        url, model = self._models.settings.endpoint(role)
        talk = _Talk(self._models, self._budget, url, model, answer)
        try:
            return await _answered(talk, messages(instructions, data, answer), answer)
        except NoAnswer as error:
            _log.warning("the model gave no answer for %s: %s", role.value, error)
            raise
        except Exception as error:
            # A model is never needed: whatever its client does, the step goes on without it.
            _log.exception("asking the model for %s failed", role.value)
            raise NoAnswer(f"asking it failed ({type(error).__name__})") from error


async def _answered(talk: _Talk, conversation: list[Message], answer: type[A]) -> A:
    fault = ""
    for _ in range(2):
        said = await talk.say(conversation)
        try:
            return answer.model_validate(repaired(said))
        except ValidationError as error:
            fault = fault_of(error)
        except ValueError as error:
            if _REFUSAL.search(said):
                raise NoAnswer("it declined to answer") from error
            fault = str(error)
        conversation = [*conversation, *correction(said, fault)]
    raise NoAnswer(f"its answer had another shape, twice ({fault})")


class _Talk:
    """Requests to one server about one answer."""

    def __init__(self, models: Models, budget: Budget, url: str, model: str, answer: type[BaseModel]) -> None:
        self._models, self._budget, self._url, self._model, self._answer = models, budget, url, model, answer
        self._refused = set(models.refused.get((url, model), ()))

    async def say(self, conversation: list[Message]) -> str:
        """What the model says after thinking. Raises NoAnswer."""
        import openai

        busy = faulty = 0
        while True:
            try:
                text = await self._request(conversation)
                self._models.refused[self._url, self._model] = self._refused
                return text
            except openai.APIStatusError as error:
                status = error.status_code
                if status in _BUSY and busy < _BUSY_WAITS:
                    busy += 1
                    await self._wait(_retry_after(error), f"the server is busy ({status})")
                elif status in _REFUSED_PARAMETER and self._offer_less(error):
                    continue
                elif status >= 500 and status not in _BUSY and faulty < _FAULTY_RETRIES:
                    faulty += 1
                    await self._wait(random.uniform(0.2, 1.0), f"the server failed ({status})")
                else:
                    why = _WHY.get(status, "it is busy" if status in _BUSY else "no more is known")
                    raise NoAnswer(f"the server answered {status}: {why}") from error
            except openai.APIConnectionError as error:
                if faulty >= _FAULTY_RETRIES:
                    raise NoAnswer("the server cannot be reached") from error
                faulty += 1
                await self._wait(random.uniform(0.2, 1.0), "the server cannot be reached")
            except openai.APIError as error:
                raise NoAnswer(_FOREIGN) from error

    async def _wait(self, seconds: float, why: str) -> None:
        if seconds >= self._budget.seconds_left():
            raise NoAnswer(f"{why}, and to wait {seconds:.0f} seconds is more than there is time for")
        await self._models.sleep(seconds)
        self._budget.waited(seconds)

    def _offer_less(self, error: APIStatusError) -> bool:
        """Whether something was asked that a server may not know, and is now left out."""
        said = str(error.message).lower()
        for parameter, sign in ((_MAX_TOKENS, "max_completion_tokens"), (_TEMPERATURE, "temperature")):
            if sign in said and parameter not in self._refused:
                self._refused.add(parameter)
                return True
        for form in (_SCHEMA, _OBJECT):
            if form not in self._refused:
                self._refused.add(form)
                return True
        return False

    async def _request(self, conversation: list[Message]) -> str:
        size = sum(estimated(message["content"]) for message in conversation)
        wait = max(self._budget.seconds_left(), 0.001)
        limit = self._models.limit()
        try:
            await asyncio.wait_for(limit.acquire(), wait)
        except TimeoutError:
            raise NoAnswer("no request could be made in time: all slots of SYNAPSE_LLM_CONCURRENCY were taken") from None
        try:
            return await self._within_budget(conversation, size)
        finally:
            limit.release()

    async def _within_budget(self, conversation: list[Message], size: int) -> str:
        reserved = self._budget.reserve(size)
        seconds = min(self._models.settings.llm_timeout_seconds, self._budget.seconds_left())
        started = monotonic()
        # A request that failed may have been worked on all the same; one that was answered counts as reported.
        used = (size, 0, True)
        try:
            async with asyncio.timeout(seconds):
                reply = await self._create(conversation, reserved.tokens_out)
            text, used = _read(reply, size)
            return _usable(reply, text)
        except TimeoutError:
            raise NoAnswer(f"no answer within {seconds:.3g} seconds") from None
        except Exception as error:
            if getattr(error, "status_code", None) is not None:
                used = (0, 0, False)
            raise
        finally:
            tokens_in, tokens_out, guessed = used
            self._budget.settle(reserved, tokens_in, tokens_out, monotonic() - started, guessed=guessed)

    async def _create(self, conversation: list[Message], most: int) -> Any:
        given: dict[str, Any] = {"model": self._model, "messages": conversation}
        given["max_completion_tokens" if _MAX_TOKENS in self._refused else "max_tokens"] = most
        if _TEMPERATURE not in self._refused:
            given["temperature"] = 0
        if _SCHEMA not in self._refused:
            schema = {"name": self._answer.__name__, "schema": shape(self._answer), "strict": True}
            given["response_format"] = {"type": _SCHEMA, _SCHEMA: schema}
        elif _OBJECT not in self._refused:
            given["response_format"] = {"type": _OBJECT}
        completions = cast(Any, self._models.client(self._url).chat.completions)
        try:
            return await completions.create(**given)
        except json.JSONDecodeError as error:
            raise NoAnswer(_FOREIGN) from error


def _open(url: str, settings: LlmSettings) -> AsyncOpenAI:
    import openai

    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key is not None else "none"
    # Times and retries are counted here, against the run's budget. A redirect would take the data elsewhere.
    http = httpx2.AsyncClient(timeout=None, follow_redirects=False, trust_env=not is_loopback(urlsplit(url).hostname or ""))
    client = openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0, timeout=None, http_client=http)
    # Taken from OPENAI_* variables by the SDK; they are about another account.
    client.organization = client.project = None
    return client


def _read(reply: Any, size: int) -> tuple[str, tuple[int, int, bool]]:
    """The text of a reply, and its tokens in and out with whether they are guessed. Raises NoAnswer for another protocol's reply."""
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list) or not choices or getattr(choices[0], "message", None) is None:
        raise NoAnswer(_FOREIGN)
    content = choices[0].message.content
    text = content if isinstance(content, str) else ""
    usage = getattr(reply, "usage", None)
    tokens = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
    if all(isinstance(count, int) and count >= 0 for count in tokens) and sum(cast(tuple[int, int], tokens)) > 0:
        return text, (cast(int, tokens[0]), cast(int, tokens[1]), False)
    return text, (size, estimated(text), True)


def _usable(reply: Any, text: str) -> str:
    choice = reply.choices[0]
    if getattr(choice.message, "refusal", None) or choice.finish_reason == "content_filter":
        raise NoAnswer("it declined to answer")
    said = spoken(text)
    if not said:
        raise NoAnswer("it used up its tokens before it answered" if choice.finish_reason == "length" else "its answer was empty")
    return said


def _retry_after(error: APIStatusError) -> float:
    """Seconds that the server asks to wait, as a number or a date; a second when it does not say."""
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return _BUSY_SECONDS
