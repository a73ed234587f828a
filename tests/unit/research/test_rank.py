from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.evidence import Found, Source
from synapse.research.rank import canonical, domain_of, rank


def found(name: str, *urls: str) -> Found:
    return Found(subquestion=name, sources=tuple(Source(url=url, provider="test") for url in urls))


@pytest.mark.parametrize(
    "twin",
    [
        "http://example.org/a",
        "https://www.example.org/a",
        "https://EXAMPLE.org/a/",
        "https://example.org:443/a#part",
        "https://example.org/a?utm_source=x&gclid=1",
        "https://example.org/a/index.html",
        "https://example.org/%61",
    ],
)
def test_spellings_of_one_page_have_one_key(twin: str) -> None:
    assert canonical(twin) == canonical("https://example.org/a")


@pytest.mark.parametrize(
    "other", ["https://example.org/A", "https://example.org/a?page=2", "https://docs.example.org/a", "https://example.org:8443/a"]
)
def test_different_pages_keep_different_keys(other: str) -> None:
    assert canonical(other) != canonical("https://example.org/a")


def test_a_page_that_two_lists_agree_on_comes_first() -> None:
    ranked = rank([found("q1", "https://a.org/1", "https://b.org/1"), found("q2", "https://c.org/1", "https://b.org/1")], limit=3)
    assert ranked[0].url == "https://b.org/1"
    assert set(ranked[0].subquestions) == {"q1", "q2"}


def test_the_best_source_of_every_subquestion_is_read() -> None:
    crowd = [f"https://a{number}.org/" for number in range(9)]
    ranked = rank([found("q1", *crowd), found("q2", *crowd), found("q3", "https://lonely.org/")], limit=3)
    assert "https://lonely.org/" in [source.url for source in ranked]


def test_an_origin_does_not_crowd_out_the_others() -> None:
    same = [f"https://same.org/{number}" for number in range(8)]
    ranked = rank([found("q1", *same, "https://other.org/1")], limit=5)
    assert "https://other.org/1" in [source.url for source in ranked]


def test_a_page_listed_twice_in_one_list_counts_once() -> None:
    once = rank([found("q1", "https://a.org/1")], limit=5)
    twice = rank([found("q1", "https://a.org/1", "http://www.a.org/1/")], limit=5)
    assert once == twice


def test_what_was_read_already_is_not_read_again_however_it_is_spelt() -> None:
    ranked = rank([found("q1", "https://a.org/1", "https://b.org/1")], limit=3, known=["http://www.a.org/1#top"])
    assert [source.url for source in ranked] == ["https://b.org/1"]


def test_nothing_found_is_nothing_to_read() -> None:
    assert rank([found("q1")], limit=8) == []


_urls = st.builds("https://{}.org/{}".format, st.sampled_from("abcdef"), st.integers(0, 6))


@given(st.lists(st.lists(_urls, max_size=8), max_size=4), st.integers(1, 60))
def test_a_ranking_is_a_permutation_of_the_pages_cut_at_the_limit(lists: list[list[str]], limit: int) -> None:
    ranked = rank([found(f"q{number}", *urls) for number, urls in enumerate(lists)], limit=limit)
    keys = [canonical(source.url) for source in ranked]
    pages = {canonical(url) for urls in lists for url in urls}
    assert len(keys) == len(set(keys)) == min(limit, len(pages))
    assert set(keys) <= pages
    assert [source.score for source in ranked] == sorted((source.score for source in ranked), reverse=True)


def test_of_the_domains_a_run_may_ask_those_of_pages_read_before_are_a_part() -> None:
    lists = [found("q1", "https://new.org/1", "https://docs.read.org/2", "https://read.org/3")]
    assert [source.url for source in rank(lists, limit=9, known=["https://www.read.org/1"], max_domains=1)] == [
        "https://docs.read.org/2",
        "https://read.org/3",
    ]
    assert len(rank(lists, limit=9, known=["https://www.read.org/1"], max_domains=2)) == 3


def test_documents_of_a_local_corpus_ask_no_domain() -> None:
    lists = [found("q1", "https://a.org/1", "corpus://docs/a.md", "corpus://docs/b.md", "https://b.org/1")]
    assert [source.url for source in rank(lists, limit=9, known=["corpus://docs/c.md"], max_domains=1)] == [
        "https://a.org/1",
        "corpus://docs/a.md",
        "corpus://docs/b.md",
    ]


@given(st.lists(st.lists(_urls, max_size=8), max_size=4), st.lists(_urls, max_size=3), st.integers(1, 30), st.integers(1, 7))
def test_both_looks_together_never_ask_more_domains_than_they_may(
    lists: list[list[str]], again: list[str], limit: int, domains: int
) -> None:
    first = [source.url for source in rank([found(f"q{n}", *urls) for n, urls in enumerate(lists)], limit=limit, max_domains=domains)]
    second = [source.url for source in rank([found("q9", *again)], limit=limit, known=first, max_domains=domains)]
    assert len({domain_of(url) for url in first + second}) <= domains
    assert len(rank([found("q9", *again)], limit=limit, known=first, max_domains=99)) >= len(second)
