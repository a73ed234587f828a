from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from synapse.errors import Permanent
from synapse.mcp_servers.inflate import Inflater

TEXT = b"All of this is text. " * 50


def _inflated(encoding: str, data: bytes, limit: int = 10_000, step: int = 7) -> bytes:
    inflater = Inflater(encoding, limit)
    return b"".join(inflater.feed(data[at : at + step]) for at in range(0, len(data), step)) + inflater.end()


def _bare_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("", TEXT), ("identity", TEXT), ("gzip", gzip.compress(TEXT)), ("GZIP ", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT)),
     ("deflate", _bare_deflate(TEXT))],
    ids=["none", "identity", "gzip", "a name in capitals", "zlib", "bare deflate"],
)  # fmt: skip
def test_what_was_asked_for_is_undone_chunk_by_chunk(encoding: str, data: bytes) -> None:
    assert _inflated(encoding, data, step=len(data)) == TEXT
    assert _inflated(encoding, data) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "gzip;q=1"])
def test_encodings_that_were_not_asked_for_are_refused(encoding: str) -> None:
    with pytest.raises(Permanent):
        Inflater(encoding, 100)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_bomb_is_stopped_at_the_limit_without_being_unpacked(compress) -> None:  # type: ignore[no-untyped-def]
    bomb = compress(b"\x00" * 5_000_000)
    inflater = Inflater("gzip" if compress is gzip.compress else "deflate", 1_000)
    tracemalloc.start()
    try:
        with pytest.raises(Permanent, match="decoded"):
            inflater.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_a_plain_body_is_counted_too() -> None:
    with pytest.raises(Permanent):
        Inflater("", 10).feed(b"x" * 11)


def test_a_stream_that_is_broken_or_cut_short_is_an_error() -> None:
    with pytest.raises(Permanent, match="cut short"):
        _inflated("gzip", gzip.compress(TEXT)[:-9])
    with pytest.raises(Permanent, match="broken"):
        _inflated("gzip", b"this is no gzip at all")


def test_what_follows_the_stream_is_ignored() -> None:
    assert _inflated("gzip", gzip.compress(TEXT) + b"\x00padding" + gzip.compress(b"more")) == TEXT
