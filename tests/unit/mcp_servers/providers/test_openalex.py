from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from synapse.errors import InvalidInput
from synapse.mcp_servers.providers.openalex import OpenAlexProvider, abstract
from tests.unit.mcp_servers.providers.loopback import BAD, Bad, answered, as_json, assert_named_failure, serving, shapes

WORKS = {
    "meta": {"count": 3},
    "results": [
        {
            "id": "https://openalex.org/W1",
            "doi": "https://doi.org/10.1/x",
            "display_name": "Sleep in <i>Felis catus</i>",
            "publication_year": 2023,
            "publication_date": "2023-05-04",
            "relevance_score": 12.5,
            "best_oa_location": {"landing_page_url": "https://journal.example/x"},
            "abstract_inverted_index": {"sleep": [1, 3], "Cats": [0], "and": [2]},
        },
        {"id": "https://openalex.org/W2", "doi": "https://doi.org/10.1/y", "display_name": "No place", "best_oa_location": None},
        {"id": "javascript:alert(1)", "doi": None, "display_name": "Nowhere"},
    ],
}


def _make(url: str, seconds: float = 10.0) -> OpenAlexProvider:
    return OpenAlexProvider(url, seconds=seconds, key=SecretStr("openalex-secret"))


async def test_works_come_with_abstract_date_and_where_they_can_be_read() -> None:
    async with serving(as_json(WORKS)) as site:
        found, failed = await OpenAlexProvider(site.url, contact="me@example.org").search("how do cats* sleep?", 5)
    assert [(source.url, source.title, source.snippet, source.published, source.score) for source in found] == [
        ("https://journal.example/x", "Sleep in Felis catus", "Cats sleep and sleep", "2023-05-04", 12.5),
        ("https://doi.org/10.1/y", "No place", "", None, 0.0),
    ]
    assert failed == []
    (asked,) = site.asked
    assert (asked.path, asked.params["search"], asked.params["mailto"]) == ("/works", "how do cats sleep", "me@example.org")
    assert "api_key" not in asked.params


async def test_its_key_is_sent_and_logged_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(as_json(WORKS)) as site:
        await _make(site.url).search("cats", 5)
    assert site.asked[0].params["api_key"] == "openalex-secret"
    assert "openalex-secret" not in caplog.text


def test_a_key_that_cannot_be_one_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        OpenAlexProvider("https://api.example", key=SecretStr("a secret\nwith a line"))
    assert "secret" not in str(caught.value)


async def test_a_question_without_words_is_not_sent() -> None:
    async with serving(as_json(WORKS)) as site:
        assert await _make(site.url).search("?*", 5) == ([], [])
    assert site.asked == []


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), max_size=30))
def test_an_inverted_index_is_turned_back_into_its_text(words: list[str]) -> None:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        index.setdefault(word, []).append(place)
    assert abstract(index) == " ".join(words)


def test_an_index_of_far_places_is_not_followed_there() -> None:
    assert abstract({"a": [0], "b": [10**12, -5, True], "c": "01", "d": list(range(5000))}).split().count("d") < 2001


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_answer_is_a_named_failure(bad: Bad) -> None:
    await assert_named_failure(_make, bad)


@given(
    shapes("results", "id", "doi", "display_name", "publication_year", "best_oa_location", "landing_page_url", "abstract_inverted_index")
)
def test_no_shape_breaks_it(shape: Any) -> None:
    work = {
        "doi": "https://doi.org/1",
        "display_name": shape,
        "abstract_inverted_index": shape,
        "publication_year": shape,
        "relevance_score": shape,
    }
    for answer in (shape, {"results": shape}, {"results": [shape, work]}):
        answered(lambda wire: OpenAlexProvider("https://api.example", transport=wire), answer)
