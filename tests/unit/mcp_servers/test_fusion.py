from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.evidence import Source
from synapse.mcp_servers.fusion import fuse
from synapse.research.rank import canonical

_URLS = [f"https://{host}.example/{page}" for host in ("a", "b") for page in ("x", "y", "z", "x#part", "x/?utm_source=mail")] + [
    "http://www.a.example/x/",
    "corpus://a/x.md",
]


def _list(provider: str, *urls: str) -> list[Source]:
    return [Source(url=url, title=f"{provider} {url}", provider=provider, score=9.0 - at) for at, url in enumerate(urls)]


def _lists() -> st.SearchStrategy[list[list[Source]]]:
    urls = st.lists(st.lists(st.sampled_from(_URLS), max_size=8), max_size=5)
    return urls.map(lambda lists: [_list(f"p{at}", *each) for at, each in enumerate(lists)])


def test_what_two_providers_know_comes_before_what_one_ranks_first() -> None:
    result = fuse([_list("a", "http://x/1", "http://x/both"), _list("b", "http://x/2", "https://x/both#part")])
    assert result[0].url == "http://x/both"
    assert {source.url for source in result[1:]} == {"http://x/1", "http://x/2"}
    assert result[0].score > result[1].score


def test_a_single_list_keeps_its_order_and_its_scores() -> None:
    only = _list("a", "u1", "u2", "u3")
    assert fuse([[], only]) == only


def test_nothing_fuses_to_nothing() -> None:
    assert fuse([]) == fuse([[], []]) == []


def test_spellings_of_one_page_are_one_result_with_the_words_of_the_best_ranked() -> None:
    one = [
        Source(url="https://other.example/", provider="a"),
        Source(url="http://www.x.example/a/?utm_source=b#c", title="second", snippet="s", published="2024", provider="a"),
    ]
    two = [Source(url="https://x.example/a", title="first", provider="b")]
    best = fuse([one, two])[0]
    assert (best.url, best.title, best.provider) == ("https://x.example/a", "first", "b")
    # What the best-ranked one lacks is not lost.
    assert (best.snippet, best.published) == ("s", "2024")


@given(_lists(), st.randoms(use_true_random=False))
def test_the_order_of_the_providers_makes_no_difference(lists: list[list[Source]], chance: object) -> None:
    mixed = list(lists)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert fuse(mixed) == fuse(lists)


@given(_lists())
def test_every_page_is_there_and_every_page_once(lists: list[list[Source]]) -> None:
    keys = [canonical(source.url) for source in fuse(lists)]
    assert len(keys) == len(set(keys))
    assert set(keys) == {canonical(source.url) for sources in lists for source in sources}


@given(_lists())
def test_a_page_that_one_more_provider_ranks_first_does_not_sink(lists: list[list[Source]]) -> None:
    before = fuse(lists)
    if not before:
        return
    chosen = before[-1]
    after = fuse([*lists, _list("q", chosen.url)])
    place = [canonical(source.url) for source in after].index(canonical(chosen.url))
    assert place <= len(before) - 1
