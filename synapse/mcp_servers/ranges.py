"""Part of a text file: by bytes, by lines, or from where the last part ended."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from typing import Final

from synapse.mcp_servers.refusals import BadRange, Changed, NotText, TooLarge

_CHUNK: Final = 1 << 20
_SCANNED: Final = 1 << 28
"""Bytes that are looked through for the beginning of a line."""
_CURSOR: Final = re.compile(r"(\d{1,19})\.(\d{1,19})\.(\d{1,22})\.(\d{1,22})", re.ASCII)


@dataclass(frozen=True)
class Part:
    """What is wanted of a file; nothing: all of it. At most one of ``offset``, ``first_line`` and ``cursor`` says where it begins."""

    offset: int | None = None
    """In bytes."""
    length: int | None = None
    """In bytes, at most."""
    first_line: int | None = None
    """The first is 1."""
    lines: int | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Text:
    """What there was."""

    data: bytes
    """Valid UTF-8."""
    text: str
    offset: int
    next_cursor: str | None


def read_part(descriptor: int, part: Part, most: int) -> Text:
    """The part, cut at ``most`` bytes and never inside a character.

    Raises BadRange, Changed, NotText, and TooLarge when all of a larger file is wanted.
    """
    if sum(value is not None for value in (part.offset, part.first_line, part.cursor)) > 1:
        raise BadRange("only one of offset, first_line and cursor says where to begin")
    status = os.fstat(descriptor)
    if part == Part() and status.st_size > most:
        raise TooLarge(f"the file is larger than {most} bytes; read it in parts")
    offset = _beginning(descriptor, part, status)
    wanted = most if part.length is None else min(part.length, most)
    data = _bytes_at(descriptor, offset, wanted + 1)
    if part == Part() and len(data) > wanted:
        raise TooLarge(f"the file is larger than {most} bytes; read it in parts")
    at_end, data = len(data) <= wanted, data[:wanted]
    if part.lines is not None:
        kept = _length_of_lines(data, part.lines)
        at_end, data = at_end and kept == len(data), data[:kept]
    text, used = _decoded(data, offset, whole=at_end)
    if not used and data:
        raise BadRange(f"the character at byte {offset} is longer than the part")
    return Text(data[:used], text, offset, None if at_end else _cursor(status, offset + used))


def _beginning(descriptor: int, part: Part, status: os.stat_result) -> int:
    if part.cursor is not None:
        offset = _cursor_offset(part.cursor, status)
    elif part.first_line is not None:
        offset = _line_offset(descriptor, part.first_line)
    else:
        offset = part.offset or 0
    if offset > status.st_size:
        raise BadRange(f"the file ends at byte {status.st_size}")
    if offset and (os.pread(descriptor, 1, offset) or b" ")[0] & 0xC0 == 0x80:
        raise BadRange(f"byte {offset} is inside a character")
    return offset


def _line_offset(descriptor: int, line: int) -> int:
    seen, offset = 1, 0
    while seen < line:
        chunk = os.pread(descriptor, _CHUNK, offset)
        if not chunk:
            raise BadRange(f"the file has {seen} lines")
        if offset >= _SCANNED:
            raise TooLarge(f"the line begins after more than {_SCANNED} bytes; give its offset")
        found = chunk.count(b"\n")
        if seen + found >= line:
            return offset + _length_of_lines(chunk, line - seen)
        seen, offset = seen + found, offset + len(chunk)
    return offset


def _length_of_lines(data: bytes, lines: int) -> int:
    """Up to and with that many line ends; all of it when there are fewer."""
    end = -1
    for _ in range(lines):
        end = data.find(b"\n", end + 1)
        if end < 0:
            return len(data)
    return end + 1


def _bytes_at(descriptor: int, offset: int, length: int) -> bytes:
    chunks: list[bytes] = []
    while length > 0 and (chunk := os.pread(descriptor, min(length, _CHUNK), offset)):
        chunks.append(chunk)
        offset, length = offset + len(chunk), length - len(chunk)
    return b"".join(chunks)


def _decoded(data: bytes, offset: int, *, whole: bool) -> tuple[str, int]:
    """The text, and how many bytes it is; a character cut off at the end is left to the next part."""
    try:
        text, used = codecs.utf_8_decode(data, "strict", whole)
    except UnicodeDecodeError as error:
        raise NotText(f"the file is not UTF-8 text: byte {offset + error.start} begins no character") from None
    return text, used


def _cursor(status: os.stat_result, offset: int) -> str:
    return f"{offset}.{status.st_size}.{status.st_mtime_ns}.{status.st_ino}"


def _cursor_offset(cursor: str, status: os.stat_result) -> int:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadRange("the cursor is not one that was given out")
    if found.groups()[1:] != (str(status.st_size), str(status.st_mtime_ns), str(status.st_ino)):
        raise Changed
    return int(found[1])
