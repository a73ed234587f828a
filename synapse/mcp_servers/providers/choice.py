"""Which providers are asked: what the settings say, each with its guard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, get_args

from pydantic import SecretStr

from synapse.errors import InvalidInput
from synapse.mcp_servers.providers import arxiv, brave, ddgs, openalex, tavily, wikipedia
from synapse.mcp_servers.providers.base import Pace, SearchProvider
from synapse.mcp_servers.providers.breaker import Breaker
from synapse.mcp_servers.providers.guard import Guarded, Observe
from synapse.mcp_servers.providers.limiter import Bucket
from synapse.mcp_servers.providers.searxng import SearxngProvider
from synapse.settings import SearchName, SearchSettings

Clock = Callable[[], float]
_Made = tuple[SearchProvider, Pace | None]

LAST_RESORT: Final[SearchName] = "ddgs"


@dataclass(frozen=True)
class Chosen:
    """Who is asked. ``corpora`` tells whether the local ones are; ``spare`` is asked when none of ``web`` found anything."""

    corpora: bool
    web: tuple[Guarded, ...] = ()
    spare: tuple[Guarded, ...] = ()
    searxng: SearxngProvider | None = None


def choose(settings: SearchSettings, observe: Observe = lambda *_: None, clock: Clock = time.monotonic) -> Chosen:
    """The providers of the settings; ``observe`` is told of every search. Nobody is called.

    Raises InvalidInput for one that lacks its URL or key.
    """
    made = {name: _made(name, settings) for name in settings.asked if name != "corpus"}
    guarded = {
        name: Guarded(
            provider,
            settings.search_timeout_seconds,
            None if pace is None else Bucket(pace, clock),
            Breaker(clock=clock),
            observe,
        )
        for name, (provider, pace) in made.items()
    }
    searxng = made["searxng"][0] if "searxng" in made else None
    return Chosen(
        corpora="corpus" in settings.asked,
        web=tuple(each for name, each in guarded.items() if name != LAST_RESORT),
        spare=tuple(each for name, each in guarded.items() if name == LAST_RESORT),
        searxng=searxng if isinstance(searxng, SearxngProvider) else None,
    )


def _made(name: SearchName, settings: SearchSettings) -> _Made:
    seconds, contact = settings.search_timeout_seconds, settings.search_contact
    match name:
        case "searxng":
            # The operator's own: how often it may be asked is for its own limiter.
            return SearxngProvider(_url(settings.searxng_url, name), seconds), None
        case "wikipedia":
            return wikipedia.WikipediaProvider(settings.wikipedia_language, settings.wikipedia_url, seconds, contact), wikipedia.PACE
        case "arxiv":
            return arxiv.ArxivProvider(settings.arxiv_url, seconds, contact), arxiv.PACE
        case "openalex":
            return openalex.OpenAlexProvider(settings.openalex_url, seconds, contact, settings.openalex_key), openalex.PACE
        case "brave":
            return brave.BraveProvider(settings.brave_url, _key(settings.brave_key, name), seconds), brave.PACE
        case "tavily":
            return tavily.TavilyProvider(settings.tavily_url, _key(settings.tavily_key, name), seconds), tavily.PACE
        case "ddgs":
            return ddgs.DdgsProvider(seconds), ddgs.PACE
        case _:
            raise InvalidInput(f"there is no search provider {name!r}", remedy="one of " + ", ".join(get_args(SearchName)))


def _url(value: str | None, name: str) -> str:
    if not value:
        raise InvalidInput(f"SYNAPSE_SEARCH_PROVIDERS names {name}, and its URL is not set", remedy=f"set SYNAPSE_{name.upper()}_URL")
    return value


def _key(value: SecretStr | None, name: str) -> SecretStr:
    if not value:
        raise InvalidInput(f"SYNAPSE_SEARCH_PROVIDERS names {name}, and its key is not set", remedy=f"set SYNAPSE_{name.upper()}_KEY")
    return value
