from __future__ import annotations

import pytest

from synapse.errors import Permanent
from synapse.mcp_servers.sniffing import is_html, look, settled
from tests.unit.extract.papers import pdf


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "an image"), (b"\xff\xd8\xff\xe0", "an image"), (b"GIF89a", "an image"), (b"BM6\0\0\0", "an image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "an image"), (b"\x1f\x8b\x08", "an archive"), (b"7z\xbc\xaf'\x1c", "an archive"),
        (b"x" * 257 + b"ustar", "an archive"), (b"\x7fELF\x02", "a program"), (b"MZ\x90\x00\x03", "a program"), (b"\0asm\1", "a program"),
        (b"\x00\x00\x00\x20ftypisom", "sound or video"), (b"ID3\x04\x00", "sound or video"), (b"OggS\x00", "sound or video"),
        (b"wOF2", "a font"), (b"SQLite format 3\x00", "a database"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
    ],
)  # fmt: skip
def test_what_holds_no_text_is_refused_by_name(beginning: bytes, kind: str) -> None:
    with pytest.raises(Permanent, match=kind):
        look(beginning)


@pytest.mark.parametrize(
    "beginning",
    [
        b"<html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"BMW builds cars",
        b"MZ was a man",
        b"ID3 tags are read",
        b"",
        "Öl".encode(),
        b"\xef\xbb\xbfText",
    ],
)
def test_what_may_hold_text_is_not(beginning: bytes) -> None:
    look(beginning)


def test_html_is_html_though_its_host_says_pdf_or_nothing() -> None:
    page = b"\xef\xbb\xbf \n<!DOCTYPE html><title>x</title>"
    assert is_html(page)
    for stated in ("application/pdf", "application/octet-stream", ""):
        assert settled(page, stated) == "text/html"
    assert settled(b"plain words", "application/octet-stream") == "application/octet-stream"
    assert settled(page, "text/plain") == "text/plain"
    assert settled(pdf([[(72, 700, 10, "Cats.")]]), "application/pdf") == "application/pdf"
    assert is_html(b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">')
    assert not is_html(b"less < more")
