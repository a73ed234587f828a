"""All files below a root, a page at a time, in an order that stays the same while files come and go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from synapse.contracts.wire import DirectoryEntry
from synapse.errors import Permanent
from synapse.mcp_servers.confined import ConfinedFiles

_FOLDERS: Final = 1000
"""Directories that one page looks into: a tree without files must end some time."""


@dataclass(frozen=True)
class Found:
    """A file, with its path from the root."""

    path: str
    bytes: int


def walk(files: ConfinedFiles, after: str, most: int) -> tuple[list[Found], str | None]:
    """At most so many files behind a cursor, and the cursor to go on behind; None at the end.

    A cursor is the path that was looked at last, with a / behind that of a directory. What is gone meanwhile is left out, and so is
    all that `ConfinedFiles.list` leaves out. Raises Transient.
    """
    found: list[Found] = []
    last, folders = after, 0
    for path, entry in _below(files, "", tuple(after.split("/")) if after else ()):
        if len(found) == most or folders == _FOLDERS:
            return found, last
        if entry.kind == "directory":
            folders, last = folders + 1, f"{path}/"
        else:
            found.append(Found(path, entry.bytes))
            last = path
    return found, None


def _below(files: ConfinedFiles, folder: str, after: tuple[str, ...]) -> Iterator[tuple[str, DirectoryEntry]]:
    """Each directory before what is in it; ``after`` has the names from this folder to where it was left off."""
    name = after[0] if after else ""
    if len(after) > 1 and name:
        # The directory that was left in the middle: it may be anything by now.
        yield from _below(files, f"{folder}{name}/", after[1:])
    for entry in _entries(files, folder, name):
        yield f"{folder}{entry.name}", entry
        if entry.kind == "directory":
            yield from _below(files, f"{folder}{entry.name}/", ())


def _entries(files: ConfinedFiles, folder: str, after: str) -> Iterator[DirectoryEntry]:
    cursor: str | None = after
    while cursor is not None:
        try:
            listed = files.list(folder.removesuffix("/"), cursor)
        except Permanent:
            return
        yield from listed.entries
        cursor = listed.next_cursor
