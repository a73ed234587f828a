"""What a body is by its first bytes, whatever its host calls it."""

from __future__ import annotations

from typing import Final

from synapse.egress.refused import Refused
from synapse.extract.document import HTML, PAPERS
from synapse.extract.pdf import is_pdf

_LOOK: Final = 512
_KINDS: Final = {
    "an image": (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"\0\0\1\0", b"\0\0\2\0", b"8BPS"),
    "an archive": (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf'\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"MSCF", b"!<arch>"),
    "a program": (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa", b"\0asm"),
    "sound or video": (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"FLV\1", b"\0\0\1\xba", b"\0\0\1\xb3", b"MThd"),
    "a font": (b"wOFF", b"wOF2", b"OTTO", b"\0\1\0\0\0"),
    "a database": (b"SQLite format 3\0",),
    "an old office document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
}
_TEXTUAL: Final = frozenset({b"BM", b"MZ", b"ID3", b"BZh", b"OTTO", b"8BPS", b"MSCF", b"MThd"})
"""Letters that a text may begin with; they count when what follows is no text."""
_HTML: Final = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<title",
    b"<!--",
    b"<script",
    b"<meta",
    b"<article",
    b"<h1",
    b"<p>",
    b"<div",
)
_UNTOLD: Final = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/unknown", "unknown/unknown"})


def look(beginning: bytes) -> None:
    """Raise Refused for bytes that begin what holds no text that is read here."""
    for kind, marks in _KINDS.items():
        for mark in marks:
            if beginning.startswith(mark) and not (mark in _TEXTUAL and _is_text(beginning)):
                raise Refused(f"this is {kind} and no page, whatever its type says", "type")
    if beginning[:4] == b"RIFF" and beginning[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        raise Refused("this is an image, sound or video and no page, whatever its type says", "type")
    if beginning[4:8] == b"ftyp":
        raise Refused("this is sound or video and no page, whatever its type says", "type")
    if beginning[257:262] == b"ustar":
        raise Refused("this is an archive and no page, whatever its type says", "type")


def settled(body: bytes, media_type: str) -> str:
    """The media type to read a body by: HTML where that is what it is and its host says PDF, DOCX or nothing.

    What a PDF or a DOCX is called does not matter: `synapse.extract.document` looks for itself.
    """
    if (media_type in _UNTOLD or media_type in PAPERS) and not is_pdf(body) and is_html(body):
        return HTML
    return media_type


def is_html(body: bytes) -> bool:
    """Whether bytes begin as HTML does."""
    beginning = body[:_LOOK].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return beginning.startswith(_HTML) or (beginning.startswith(b"<?xml") and b"<html" in beginning)


def _is_text(beginning: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 27 for byte in beginning)
