"""Whether each configured language model answers, and what to do when it does not.

Not part of the readiness of the API: a run never needs a model, and one asked at every probe would cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from synapse.contracts.llm import Role
from synapse.service.health import Check
from synapse.settings import LlmSettings
from synapse.tools.chat import Chat
from synapse.tools.llm import SDK, Connect
from synapse.tools.loading import load
from synapse.tools.outcome import Outcome, Unanswered
from synapse.tools.probe import known_models, probe

_SECONDS: Final = 20.0
_NONE: Final = "none configured: extractive mode"
_FORMS: Final = {
    "json_schema": "",
    "json_object": ", which knows no JSON schema: shapes are asked for in words",
    "": ", which knows no JSON mode: answers are asked for in words; one with response_format is more reliable",
}


async def check_models(settings: LlmSettings) -> tuple[Check, ...]:
    """One check for each server and model that some job has, side by side; a single one that is fine when there is no model."""
    if not settings.enabled:
        return (Check(name="model", ok=True, milliseconds=0.0, detail=_NONE),)
    # Before the time is taken, as it is no part of the server's.
    connect: Connect = await load(SDK)
    jobs: dict[tuple[str, str], list[Role]] = {}
    for role in Role:
        jobs.setdefault(settings.endpoint(role), []).append(role)
    endpoints = [_Endpoint(settings, url, model, tuple(roles), len(jobs) == 1) for (url, model), roles in jobs.items()]
    return tuple(await asyncio.gather(*(_check(endpoint, connect) for endpoint in endpoints)))


@dataclass(frozen=True)
class _Endpoint:
    """A model on a server, and the jobs that it has."""

    settings: LlmSettings
    url: str
    model: str
    roles: tuple[Role, ...]
    only: bool

    @property
    def name(self) -> str:
        return "model" if self.only else f"model {'+'.join(self.roles)}"

    @property
    def where(self) -> str:
        """Of the address host and port only: before them may stand a password, behind them a key."""
        return f"{self.model} at {urlsplit(self.url).netloc.rpartition('@')[2]}"

    def variable(self, what: str) -> str:
        """The setting that says so for these jobs: one of their own, or the common one."""
        own = next((role for role in self.roles if getattr(self.settings, f"llm_{role}_{what}")), None)
        return f"SYNAPSE_LLM_{own.upper()}_{what.upper()}" if own else f"SYNAPSE_LLM_{what.upper()}"

    def remedy(self, outcome: Outcome, known: str = "") -> str:
        """What to do about an outcome; ``known`` are the models that the server has."""
        url, model = self.variable("base_url"), self.variable("model")
        match outcome:
            case Outcome.UNREACHABLE:
                return f"start the server, or correct {url}"
            case Outcome.DENIED if self.settings.llm_api_key is None:
                return "it wants a key: set SYNAPSE_LLM_API_KEY"
            case Outcome.DENIED:
                return "set SYNAPSE_LLM_API_KEY to a key that this server takes for this model"
            case Outcome.UNKNOWN_MODEL:
                return f"set {model} to one that it has: {known}" if known else f"correct {model}, or {url}: most end in /v1"
            case Outcome.RATE_LIMITED:
                return "wait, or have its limit raised; runs go on without it meanwhile"
            case Outcome.TIMEOUT:
                return "try again: a model that is being loaded answers later; runs wait SYNAPSE_LLM_TIMEOUT_SECONDS"
            case Outcome.SERVER_ERROR:
                return "the server's own log says what is wrong with it"
        return f"see that {url} is the base URL of a server that speaks OpenAI's protocol; most end in /v1"


async def _check(endpoint: _Endpoint, connect: Connect) -> Check:
    started = perf_counter()
    seconds = min(_SECONDS, endpoint.settings.llm_timeout_seconds)
    detail, remedy = "", None
    try:
        async with asyncio.timeout(seconds), _open(endpoint, connect) as chat:
            try:
                detail = _FORMS[await probe(chat, endpoint.model)]
            except Unanswered as error:
                known = await known_models(chat) if error.outcome is Outcome.UNKNOWN_MODEL else ""
                detail, remedy = f": {error}", endpoint.remedy(error.outcome, known)
    except TimeoutError:
        detail, remedy = f": no answer within {seconds:g} seconds", endpoint.remedy(Outcome.TIMEOUT)
    except Exception as error:  # a check reports whatever is wrong; its words could hold the address with a password
        detail, remedy = f": asking it failed ({type(error).__name__})", endpoint.remedy(Outcome.ERROR)
    milliseconds = round((perf_counter() - started) * 1000, 1)
    return Check(name=endpoint.name, ok=remedy is None, milliseconds=milliseconds, detail=endpoint.where + detail, remedy=remedy)


@asynccontextmanager
async def _open(endpoint: _Endpoint, connect: Connect) -> AsyncIterator[Chat]:
    chat = connect(endpoint.url, endpoint.settings)
    try:
        yield chat
    finally:
        await chat.close()
