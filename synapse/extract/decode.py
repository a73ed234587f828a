"""Bytes to characters: the byte order mark, then what the sender declared, then what the page declares, then a guess."""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_XML = re.compile(rb"^\s*<\?xml[^>]+encoding\s*=\s*[\"']([\w.:-]+)", re.I)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LOOK = 4096
# What pages call Latin-1 is Windows-1252 in practice, as browsers have it.
_ALIASES = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}


def decode(data: bytes, declared: str | None = None) -> str:
    """Text of a document; undecodable bytes become U+FFFD."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    found = _XML.search(data[:_LOOK]) or _META.search(data[:_LOOK])
    for name in (declared, found.group(1).decode("ascii") if found else None):
        codec = _codec(name)
        if codec:
            return data.decode(codec, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def is_binary(data: bytes) -> bool:
    """Whether bytes are no text in any encoding read here: PDF, archives, images, programs."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    return data.lstrip()[:5] == b"%PDF-" or b"\x00" in data[:8192]


def _codec(name: str | None) -> str | None:
    if not name:
        return None
    alias = _ALIASES.get(name.lower(), name)
    try:
        found = codecs.lookup(alias).name
        b"x".decode(found, "replace")  # a codec from bytes to bytes, such as zlib, is no encoding of text
    except (LookupError, UnicodeError, TypeError):
        return None
    return found
