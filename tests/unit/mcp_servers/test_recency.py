from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.evidence import Source
from synapse.mcp_servers.recency import Wish, fitness, preferred, wished

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    "query",
    [
        "latest Python release",
        "What is the newest model?",
        "current interest rate",
        "floods this year",
        "aktuelle Zinsen",
        "recently found",
        "today",
    ],
)
def test_words_for_what_is_new_are_a_wish(query: str) -> None:
    assert wished(query, TODAY) == Wish(TODAY)


@pytest.mark.parametrize(
    ("query", "years"),
    [("elections in 2024 and 2025", {2024, 2025}), ("the 1969 moon landing", {1969}), ("latest news of 2026", {2026})],
)
def test_a_year_is_a_wish_for_it(query: str, years: set[int]) -> None:
    assert wished(query, TODAY) == Wish(TODAY, frozenset(years))


@pytest.mark.parametrize("query", ["how do cats sleep", "electric currents", "port 8080", "in 2093", "RFC 20245", "the relatest"])
def test_other_questions_wish_for_nothing(query: str) -> None:
    assert wished(query, TODAY) is None


def _source(title: str, published: str | None = None) -> Source:
    return Source(url=f"https://{title}.example/", title=title, provider="x", published=published)


def test_new_pages_overtake_undated_ones_and_old_ones_do_not() -> None:
    sources = [_source("undated"), _source("old", "2009-01-01"), _source("new", "2026-11-20"), _source("year", "2026")]
    assert [source.title for source in preferred(sources, Wish(TODAY))] == ["new", "year", "undated", "old"]
    assert preferred(sources, None) == sources


def test_pages_of_the_year_that_is_named_come_forward() -> None:
    sources = [_source("undated"), _source("new", "2026-11-20"), _source("then", "2019-05")]
    assert [source.title for source in preferred(sources, wished("elections 2019", TODAY))] == ["then", "undated", "new"]


def test_a_date_is_a_preference_and_not_a_sieve() -> None:
    sources = [*(_source(f"u{at}") for at in range(30)), _source("new", "2026-11-23")]
    titles = [source.title for source in preferred(sources, Wish(TODAY))]
    assert 5 < titles.index("new") < 20


@pytest.mark.parametrize("published", ["2031-01-01", "2027", None, "soon", "2024-02-31", "--", ""])
def test_a_date_of_the_future_or_none_at_all_is_worth_nothing(published: str | None) -> None:
    assert fitness(published, Wish(TODAY)) == 0.0


@given(st.lists(st.one_of(st.none(), st.dates(max_value=date(2030, 1, 1)).map(str), st.text(max_size=6)), max_size=12), st.booleans())
def test_nothing_is_lost_and_sources_of_one_date_keep_their_order(dates: list[str | None], by_year: bool) -> None:
    sources = [_source(f"s{at}", published) for at, published in enumerate(dates)]
    wish = Wish(TODAY, frozenset({2024})) if by_year else Wish(TODAY)
    ordered = preferred(sources, wish)
    assert sorted(source.title for source in ordered) == sorted(source.title for source in sources)
    for published in set(dates):
        assert [each for each in ordered if each.published == published] == [each for each in sources if each.published == published]
        assert 0.0 <= fitness(published, wish) <= 1.0
