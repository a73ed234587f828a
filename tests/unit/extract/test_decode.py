from __future__ import annotations

import codecs

import pytest

from synapse.extract.decode import decode, is_binary


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        ("Grüße".encode(), None, "Grüße"),
        ("Grüße".encode("cp1252"), None, "Grüße"),
        ("Grüße“".encode("cp1252"), "ISO-8859-1", "Grüße“"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        ('<meta charset="koi8-r">Привет'.encode("koi8-r"), None, '<meta charset="koi8-r">Привет'),
        (codecs.BOM_UTF8 + "é".encode(), "latin-1", "é"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "utf-8", "é"),
        ("é".encode(), "no-such-encoding", "é"),
        ("é".encode(), "zlib", "é"),
        (b"a\xffb", "utf-8", "a\ufffdb"),
    ],
)
def test_bytes_become_the_characters_that_were_meant(data: bytes, declared: str | None, text: str) -> None:
    assert decode(data, declared) == text


@pytest.mark.parametrize(("data", "binary"), [(b"%PDF-1.7", True), (b"  \n%PDF-1.7", True), (b"PK\x03\x04\x00", True), (b"text", False),
                                              (codecs.BOM_UTF16_LE + b"a\x00", False), (b"", False)])  # fmt: skip
def test_bytes_that_are_no_text_are_known(data: bytes, binary: bool) -> None:
    assert is_binary(data) is binary
