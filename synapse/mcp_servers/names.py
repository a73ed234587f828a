"""Which relative paths are accepted: those that mean one file, the same one, on every system and to every reader."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from synapse.errors import Permanent

_MAX_NAME: Final = 200
_MAX_PATH: Final = 1000
_MAX_DEPTH: Final = 16
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_DEVICES: Final = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$", re.I)
TEMPORARY: Final = ".synapse-"
"""How names of files half written begin; no caller may use or see them."""


class BadPath(Permanent):
    """The path is not one that is accepted."""


def parts_of(path: str) -> tuple[str, ...]:
    """The names along a relative path; empty for the root itself, written '' or '.'. Raises BadPath, saying what is wrong with it."""
    if path in ("", "."):
        return ()
    if len(path.encode("utf-8", "surrogatepass")) > _MAX_PATH:
        raise BadPath(f"the path is longer than {_MAX_PATH} bytes")
    if path.startswith("/"):
        raise BadPath("the path is absolute; it must be relative to the root")
    names = tuple(path.split("/"))
    if len(names) > _MAX_DEPTH:
        raise BadPath(f"the path is deeper than {_MAX_DEPTH} names")
    for name in names:
        reason = _fault(name)
        if reason is not None:
            raise BadPath(f"a name in the path {reason}")
    return names


def _fault(name: str) -> str | None:
    if name in ("", ".", ".."):
        return "is empty, '.' or '..'"
    if _FORBIDDEN.search(name):
        return "has a character that is special on some system"
    # Direction marks, joiners and unassigned characters make one name look like another.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for character in name):
        return "has an invisible or unassigned character"
    if unicodedata.normalize("NFC", name) != name:
        return "is not in Unicode's composed form (NFC)"
    if name != name.strip() or name.endswith("."):
        return "begins or ends with a blank, or ends with a dot"
    if _DEVICES.match(name):
        return "is a device on some system"
    if name.startswith(TEMPORARY):
        return "is kept for files being written"
    if len(name.encode()) > _MAX_NAME:
        return f"is longer than {_MAX_NAME} bytes"
    return None
