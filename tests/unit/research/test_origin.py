from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.origin import origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://docs.python.org/3/library/asyncio.html", "python.org"),
        ("http://News.BBC.co.uk/story?id=1", "bbc.co.uk"),
        ("https://alice.github.io/blog/", "alice.github.io"),
        ("https://bob.github.io/blog/", "bob.github.io"),
        ("http://127.0.0.1:8000/x", "127.0.0.1"),
        ("http://[2001:db8::1]/x", "2001:db8::1"),
        ("http://localhost/x", "localhost"),
        ("corpus://docs/python/library/csv.html", "docs/python"),
        ("corpus://docs/index.html", "docs/index"),
        ("corpus://docs/a%20b/c.html", "docs/a b"),
        ("corpus://docs", "docs"),
        ("file-without-a-scheme", "file-without-a-scheme"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_the_voice_behind_a_url(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@given(st.text(max_size=60))
def test_any_text_has_an_origin(url: str) -> None:
    assert isinstance(origin_of(url), str)
