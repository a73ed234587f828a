from __future__ import annotations

import os

import pytest
from pydantic import SecretStr, ValidationError

from synapse.errors import InvalidInput
from synapse.mcp_servers.providers.choice import choose
from synapse.settings import SearchName, SearchSettings

KEY = SecretStr("brave-secret")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SYNAPSE_")]:
        monkeypatch.delenv(name)


def _names(settings: SearchSettings) -> tuple[list[str], list[str]]:
    chosen = choose(settings)
    return [each.name for each in chosen.web], [each.name for each in chosen.spare]


def test_unasked_nobody_outside_is_asked() -> None:
    assert choose(SearchSettings()).corpora
    assert _names(SearchSettings()) == ([], [])
    assert _names(SearchSettings(openalex_key=KEY, wikipedia_url="https://wiki.example", search_contact="a@b.org")) == ([], [])


def test_by_default_those_are_asked_whose_url_or_key_is_set() -> None:
    assert _names(SearchSettings(searxng_url="http://searx:8080")) == (["searxng"], [])
    everything = SearchSettings(searxng_url="http://searx:8080", brave_key=KEY, tavily_key=KEY)
    assert _names(everything) == (["searxng", "brave", "tavily"], [])
    # A variable that is set to nothing, as compose files do it, is not set.
    assert _names(SearchSettings(searxng_url="", brave_key=SecretStr(""), tavily_key=SecretStr(""))) == ([], [])


def test_those_that_are_listed_are_asked_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_SEARCH_PROVIDERS", "wikipedia, arXiv,openalex,wikipedia, ddgs")
    monkeypatch.setenv("SYNAPSE_SEARXNG_URL", "http://searx:8080")
    settings = SearchSettings()
    assert _names(settings) == (["wikipedia", "arxiv", "openalex"], ["ddgs"])
    assert not choose(settings).corpora
    monkeypatch.setenv("SYNAPSE_SEARCH_PROVIDERS", '["corpus", "searxng"]')
    assert _names(SearchSettings()) == (["searxng"], [])
    assert choose(SearchSettings()).searxng is not None
    monkeypatch.setenv("SYNAPSE_SEARCH_PROVIDERS", "")
    assert SearchSettings().search_providers is None


def test_a_name_that_nobody_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_SEARCH_PROVIDERS", "corpus,gopher")
    with pytest.raises(ValidationError, match="gopher"):
        SearchSettings()


@pytest.mark.parametrize(("name", "variable"), [("searxng", "SEARXNG_URL"), ("brave", "BRAVE_KEY"), ("tavily", "TAVILY_KEY")])
def test_one_that_is_listed_and_lacks_what_it_needs_is_refused(name: SearchName, variable: str) -> None:
    with pytest.raises(InvalidInput, match=f"set SYNAPSE_{variable}"):
        choose(SearchSettings(search_providers=(name,)))


def test_each_has_a_guard_of_its_own_and_public_ones_a_pace() -> None:
    settings = SearchSettings(
        search_providers=("searxng", "wikipedia", "arxiv", "openalex", "brave", "tavily", "ddgs"),
        searxng_url="http://searx:8080",
        brave_key=KEY,
        tavily_key=KEY,
        search_timeout_seconds=3.0,
    )
    chosen = choose(settings, clock=lambda: 0.0)
    guarded = {each.name: each for each in (*chosen.web, *chosen.spare)}
    assert {name for name, each in guarded.items() if each.bucket is None} == {"searxng"}
    assert len({id(each.breaker) for each in guarded.values()}) == 7
    assert {each.seconds for each in guarded.values()} == {3.0}
    arxiv = guarded["arxiv"].bucket
    assert arxiv is not None
    assert (arxiv.pace.burst, arxiv.pace.per_second) == (1, 1 / 3)


def test_no_key_is_shown_by_the_settings_or_what_is_made_of_them() -> None:
    settings = SearchSettings(brave_key=KEY, tavily_key=KEY, openalex_key=KEY, search_providers=("brave", "tavily", "openalex"))
    assert "secret" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json() + repr(choose(settings))
