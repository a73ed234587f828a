from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.api.ranges import Unsatisfiable, known, part

ETAG = '"e"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=4-", (4, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=8-99", (8, 10)),
        (None, None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,4-5", None),
        ("lines=0-1", None),
        ("bytes=x-1", None),
    ],
)
def test_one_range_is_cut_to_the_file_and_what_cannot_be_read_is_the_whole(header: str | None, expected: tuple[int, int] | None) -> None:
    assert part(header, None, ETAG, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_beyond_the_file_cannot_be_had(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        part(header, None, ETAG, 10)
    with pytest.raises(Unsatisfiable):
        part("bytes=0-", None, ETAG, 0)


def test_a_range_of_a_file_that_has_changed_since_is_the_whole() -> None:
    assert part("bytes=0-3", ETAG, ETAG, 10) == (0, 4)
    assert part("bytes=0-3", '"other"', ETAG, 10) is None
    assert part("bytes=0-3", 'W/"e"', ETAG, 10) is None


@given(st.text(max_size=30), st.integers(0, 100))
def test_whatever_is_sent_a_part_is_within_the_file(header: str, size: int) -> None:
    try:
        found = part(header, None, ETAG, size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


def test_a_file_is_known_by_one_of_its_etags() -> None:
    assert known('"a", W/"e"', ETAG)
    assert known("*", ETAG)
    assert not known('"a"', ETAG)
    assert not known(None, ETAG)
