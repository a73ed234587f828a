from __future__ import annotations

from synapse.extract.blocks import Extracted, Heading
from synapse.mcp_servers.parsed import Parsed, key_of


def _document(text: str) -> Extracted:
    return Extracted(title="", text=text)


def test_what_was_asked_for_last_is_kept_longest() -> None:
    parsed = Parsed(4_000)
    for name in ("a", "b", "c"):
        parsed.keep(name.encode(), _document(name * 200))
    assert parsed.find(b"a") == _document("a" * 200)
    parsed.keep(b"d", _document("d" * 200))
    assert [parsed.find(name) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_a_document_larger_than_all_may_be_is_not_kept_and_drives_out_nothing() -> None:
    parsed = Parsed(3_000)
    parsed.keep(b"a", _document("a"))
    parsed.keep(b"b", _document("b" * 3_000))
    parsed.keep(b"c", Extracted(title="", text="", headings=(Heading(0, 1, "x"),) * 100))
    assert parsed.find(b"a") is not None
    assert (parsed.find(b"b"), parsed.find(b"c")) == (None, None)


def test_one_that_is_kept_twice_counts_once() -> None:
    parsed = Parsed(4_000)
    for _ in range(10):
        parsed.keep(b"a", _document("a"))
    parsed.keep(b"b", _document("b"))
    assert parsed.find(b"a") is not None


def test_no_other_bytes_and_no_other_way_to_read_them_have_the_same_key() -> None:
    keys = {
        key_of(b"x", "text/html", None, "http://a.example/"),
        key_of(b"y", "text/html", None, "http://a.example/"),
        key_of(b"x", "text/plain", None, "http://a.example/"),
        key_of(b"x", "text/html", "latin-1", "http://a.example/"),
        key_of(b"x", "text/html", None, "http://b.example/"),
        key_of(b"x", "text/html", "None", "http://a.example/"),
        key_of(b"x", "text/html", None, "\ud800"),
    }
    assert len(keys) == 7
    assert key_of(b"x", "text/html") == key_of(b"x", "text/html")
