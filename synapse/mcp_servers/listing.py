"""A directory, page by page, in an order that stays the same while files come and go."""

from __future__ import annotations

import os
import stat

from synapse.contracts.wire import DirectoryEntry
from synapse.mcp_servers.names import fault_of


def page(folder: int, after: str, most: int) -> tuple[tuple[DirectoryEntry, ...], str | None]:
    """At most so many entries behind a name, by code point, and the name to go on behind; None at the end.

    Links, devices, files with a second name and names that no path may have are left out: none of them can be read.
    """
    with os.scandir(folder) as scan:
        names = sorted(entry.name for entry in scan if entry.name > after)
    entries: list[DirectoryEntry] = []
    for name in names:
        entry = _entry(folder, name)
        if entry is None:
            continue
        if len(entries) == most:
            return tuple(entries), entries[-1].name
        entries.append(entry)
    return tuple(entries), None


def _entry(folder: int, name: str) -> DirectoryEntry | None:
    if fault_of(name) is not None:
        return None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return DirectoryEntry(name=name, kind="directory", bytes=0)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return DirectoryEntry(name=name, kind="file", bytes=status.st_size)
    return None
