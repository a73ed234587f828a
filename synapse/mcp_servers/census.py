"""What a root holds: its bytes, its files and directories; and, on the way, what killed writers left is removed."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from synapse.mcp_servers.drafts import clear_dead, token_of
from synapse.mcp_servers.names import TEMPORARY

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST: Final = 64


@dataclass
class Census:
    """What was found."""

    bytes: int = 0
    entries: int = 0
    drafts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of the drafts that were told, those whose writers are alive."""


def count(root: int, drafts: Mapping[str, tuple[int, int]]) -> Census:
    """Count what lies below a descriptor, on its file system, over no link. What cannot be opened counts as one entry of no bytes."""
    census = Census()
    folder = os.open(".", _DIRECTORY, dir_fd=root)
    try:
        _count(folder, os.fstat(folder).st_dev, drafts, census, 0)
    finally:
        os.close(folder)
    return census


def _count(folder: int, device: int, drafts: Mapping[str, tuple[int, int]], census: Census, depth: int) -> None:
    with os.scandir(folder) as scan:
        # All names first: what is removed below must not be removed under the scan.
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in scan]
    for name, is_directory in names:
        if name.startswith(TEMPORARY) and not is_directory:
            token = token_of(name)
            if token is not None and not clear_dead(folder, name) and token in drafts:
                census.drafts[token] = drafts[token]
            continue
        census.entries += 1
        if not is_directory:
            census.bytes += _size(folder, name)
        elif depth < _DEEPEST:
            _count_below(folder, name, device, drafts, census, depth)


def _count_below(folder: int, name: str, device: int, drafts: Mapping[str, tuple[int, int]], census: Census, depth: int) -> None:
    try:
        below = os.open(name, _DIRECTORY, dir_fd=folder)
    except OSError:
        return
    try:
        if os.fstat(below).st_dev == device:
            _count(below, device, drafts, census, depth + 1)
    finally:
        os.close(below)


def _size(folder: int, name: str) -> int:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
