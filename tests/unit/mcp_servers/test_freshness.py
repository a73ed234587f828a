from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers.freshness import LONGEST, directives_of, may_be_kept, moment_of, seconds_fresh

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "max-age=60"}, 60),
        ({"cache-control": "Public, MAX-AGE = 60"}, 60),
        ({"cache-control": 'max-age="60"'}, 60),
        ({"cache-control": "private, max-age=60"}, 60),
        ({"cache-control": "s-maxage=60"}, 0),
        ({"cache-control": "max-age=60, s-maxage=5"}, 60),
        ({"cache-control": "max-age=60", "age": "50"}, 10),
        ({"cache-control": "max-age=60", "age": "70"}, 0),
        ({"cache-control": "max-age=60, no-cache"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"cache-control": "max-age=1e9"}, 0),
        ({"cache-control": "max-age=99999999999999999999999"}, LONGEST),
        ({"cache-control": "max-age=0", "expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, 0),
        ({"date": DATE, "expires": "Sun, 01 Mar 2026 12:05:00 GMT"}, 300),
        ({"date": DATE, "expires": "0"}, 0),
        ({"date": DATE, "last-modified": "Sun, 01 Mar 2026 11:00:00 GMT"}, 360),
        ({"date": DATE, "last-modified": "Mon, 01 Mar 2021 11:00:00 GMT"}, 3600),
        ({"date": DATE, "last-modified": "Sun, 01 Mar 2027 11:00:00 GMT"}, 0),
        ({"etag": '"x"'}, 0),
        ({}, 0),
    ],
)
def test_a_response_is_fresh_for_as_long_as_it_says(headers: dict[str, str], seconds: float) -> None:
    assert seconds_fresh(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"cache-control": "max-age=60"}, True),
        ({"etag": '"x"'}, True),
        ({"etag": '"x"', "cache-control": "no-cache"}, True),
        ({"etag": '"x"', "vary": "Accept-Encoding"}, True),
        ({"etag": '"x"', "cache-control": "No-Store"}, False),
        ({"etag": '"x"', "vary": "*"}, False),
        ({"cache-control": "no-cache"}, False),
        ({}, False),
    ],
)
def test_what_may_be_kept_and_is_of_use_is_kept(headers: dict[str, str], kept: bool) -> None:
    assert may_be_kept(headers) is kept


@given(st.dictionaries(st.sampled_from(["cache-control", "age", "expires", "date", "last-modified", "etag", "vary"]), st.text(max_size=60)))
def test_no_headers_make_it_raise_or_fresh_for_ever(headers: dict[str, str]) -> None:
    assert 0 <= seconds_fresh(headers, NOW) <= LONGEST
    assert may_be_kept(headers) in (True, False)


def test_parts_are_read_alone() -> None:
    assert directives_of('a, b=1,, b=2 ,C="x"') == {"a": "", "b": "1", "c": "x"}
    assert moment_of(DATE) == NOW
    assert moment_of("yesterday") is None
