"""Parts of a file, and whether a client has it already (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """There is no byte of the range in the file."""


def known(if_none_match: str | None, etag: str) -> bool:
    """Whether the header names the file as it is."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in if_none_match.split(","))


def part(header: str | None, if_range: str | None, etag: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last that the header asks for; None for the whole file. Raises Unsatisfiable.

    What cannot be read, several ranges at once, and a range of a file that has changed since get the whole, as the standard allows.
    """
    match = _RANGE.fullmatch(header.replace(" ", "")) if header is not None else None
    if match is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        begin, end = max(0, size - int(last)), size
        if int(last) == 0:
            raise Unsatisfiable
    else:
        begin, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < begin:
            return None
    if begin >= size:
        raise Unsatisfiable
    return begin, end
