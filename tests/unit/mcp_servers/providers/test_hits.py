from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.evidence import Source
from synapse.errors import Permanent
from synapse.mcp_servers.providers.hits import MOST_ENTRIES, entries, kept, plain, published_on, source


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A <b>title</b>", "A title"),
        ("some\u200b  words\n\there", "some words here"),
        ("&lt;script&gt;alert(1)&lt;/script&gt; fish &amp; chips", "alert(1) fish & chips"),
        ("\x1b[31mred\x00", "[31mred"),
        ("\ud800x", "x"),
        ("a < b", "a < b"),
        ("x" * 100, "x" * 20),
        ("<p>" * 15 + "word", "word"),
        (None, ""),
        (7, ""),
        (["x"], ""),
    ],
)
def test_text_is_one_line_of_what_a_reader_sees(text: Any, shown: str) -> None:
    assert plain(text, 20) == shown or len(shown) > 20
    assert plain(text, 300) == (shown if text != "x" * 100 else text)


@given(st.text(), st.integers(1, 50))
def test_no_text_is_longer_than_allowed_or_unfit_to_be_sent(text: str, most: int) -> None:
    shown = plain(text, most)
    assert len(shown) <= most
    assert "\n" not in shown
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.org", "//a.org", "a.org", "", "http://"),
        *("http://u:p@a.org", "http://a.org:22/", "https://a.org/\n", "https://a.org/" + "x" * 5000),
        *(None, 7, ["https://a.org"], {"url": "https://a.org"}),
    ],
)
def test_what_could_not_be_fetched_is_no_source(url: Any) -> None:
    assert source("x", url, "title") is None


def test_fields_of_a_wrong_type_count_as_missing() -> None:
    assert source("x", "https://a.org/", 7, ["x"], "high", {"y": 1}) == Source(url="https://a.org/", provider="x")
    assert (
        source("x", "https://a.org/", score=True)
        == source("x", "https://a.org/", score=1e300)
        == Source(url="https://a.org/", provider="x")
    )


def test_a_list_is_read_so_far_and_anything_else_is_permanent() -> None:
    assert entries(None, "x") == []
    assert len(entries([1] * 1000, "x")) == MOST_ENTRIES
    for value in ({}, "abc", 7, True):
        with pytest.raises(Permanent, match="the answer's x is not a list"):
            entries(value, "x")


def test_only_sources_are_kept() -> None:
    one = Source(url="https://a.org/", provider="x")
    assert kept(iter([None, one, one, None, one]), 2) == [one, one]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-05-06", "2024-05-06"),
        ("2024-05-06T10:00:00Z", "2024-05-06"),
        ("2024-05-06 10:00", "2024-05-06"),
        ("2024-05", "2024-05"),
        ("2024", "2024"),
        ("Tue, 10 Dec 2024 09:10:35 GMT", "2024-12-10"),
        ("2024-02-31", None),
        ("2024-13", None),
        ("0000", None),
        ("20245", None),
        ("3 weeks ago", None),
        ("", None),
        (None, None),
        (2024, None),
    ],
)
def test_a_date_is_iso_or_none(text: Any, day: str | None) -> None:
    assert published_on(text) == day


@given(st.text(alphabet=st.sampled_from("0123456789-/:, TZMonJanGMT+"), max_size=40))
def test_no_date_breaks_it(text: str) -> None:
    published_on(text)
