from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.evidence import Source
from synapse.mcp_servers.diversity import spread
from synapse.research.origin import origin_of


def _sources(*urls: str) -> list[Source]:
    return [Source(url=url, provider="x", title=str(at)) for at, url in enumerate(urls)]


def test_more_than_a_few_of_one_domain_come_after_the_others() -> None:
    same = [f"https://{host}.big.co.uk/{at}" for at, host in enumerate(("a", "b", "c", "d", "e"))]
    urls = [source.url for source in spread(_sources(*same, "https://one.org/", "https://two.org/"), among=4)]
    assert urls == [*same[:3], "https://one.org/", *same[3:], "https://two.org/"]


def test_where_there_is_one_domain_only_its_order_stays() -> None:
    only = _sources(*(f"https://a.org/{at}" for at in range(9)))
    assert spread(only, among=5) == only


def test_documents_of_a_corpus_keep_their_order() -> None:
    only = _sources(*(f"corpus://handbook/finance/{at}.md" for at in range(9)), "https://a.org/")
    assert spread(only, among=5) == only


@given(
    st.lists(
        st.sampled_from(["https://a.org/", "http://www.a.org/b", "https://b.org/", "corpus://c/d", "https://c.github.io/"]), max_size=20
    ),
    st.integers(1, 12),
    st.integers(1, 4),
)
def test_nothing_is_dropped_and_the_head_has_several_voices(urls: list[str], among: int, most: int) -> None:
    sources = _sources(*urls)
    spaced = spread(sources, among, most)
    assert Counter(source.title for source in spaced) == Counter(source.title for source in sources)
    head = [source for source in spaced[:among] if not source.url.startswith("corpus:")]
    counts = Counter(origin_of(source.url) for source in head)
    crowded = {voice for voice, count in counts.items() if count > most}
    # More of one domain only where there is nobody else left to come forward.
    if crowded:
        assert all(not rest.url.startswith("corpus:") and counts[origin_of(rest.url)] >= most for rest in spaced[among:])
