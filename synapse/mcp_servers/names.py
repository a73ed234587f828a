"""Which relative paths are accepted: those that mean one file, the same one, on every system and to every reader."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from synapse.mcp_servers.refusals import BadPath

_MAX_NAME: Final = 200
_MAX_PATH: Final = 1000
_MAX_DEPTH: Final = 16
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_DEVICES: Final = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(\..*)?$", re.I)
# Of these a reader would make a separator or a dot, however often it was written for another one.
_ESCAPED: Final = re.compile(r"%(25)*(2e|2f|5c|3a|7f|[01][0-9a-f])", re.I)
_SHORT: Final = re.compile(r"^[^.]{1,7}~[0-9]{1,6}(\.[^.]{0,3})?$")
_QUOTES: Final = "'\"`´‘’‚‛“”„‟«»‹›′″‴〝〞〟＇＂"
# Drawn as nothing, or as a blank, though their category is that of a letter or a mark.
_UNSEEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0100-\U000e01ef]")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
TEMPORARY: Final = ".synapse-"
"""How names that the server keeps for itself begin; no caller may use or see them."""


def parts_of(path: str) -> tuple[str, ...]:
    """The names along a relative path; empty for the root itself, written '' or '.'. Raises BadPath, saying what is wrong with it."""
    if path in ("", "."):
        return ()
    # The length in characters first: what is checked below is then never long.
    if len(path) > _MAX_PATH or len(path.encode("utf-8", "surrogatepass")) > _MAX_PATH:
        raise BadPath(f"the path is longer than {_MAX_PATH} bytes")
    if path.startswith("/"):
        raise BadPath("the path is absolute; it must be relative to the root")
    names = tuple(path.split("/"))
    if len(names) > _MAX_DEPTH:
        raise BadPath(f"the path is deeper than {_MAX_DEPTH} names")
    for name in names:
        reason = fault_of(name)
        if reason is not None:
            raise BadPath(f"a name in the path {reason}")
    return names


def fault_of(name: str) -> str | None:
    """What is wrong with one name, as the end of a sentence; None for one that is accepted."""
    if name in ("", ".", ".."):
        return "is empty, '.' or '..'"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME:
        return f"is longer than {_MAX_NAME} bytes"
    return _unclear(name) or _special(name) or _special_once_folded(name)


def _unclear(name: str) -> str | None:
    """Two names that look the same are the same: what cannot be seen and what can be written in two ways has no place in one."""
    # Direction marks, joiners and unassigned characters make one name look like another.
    if any(unicodedata.category(character) in _INVISIBLE for character in name) or _UNSEEN.search(name):
        return "has an invisible or unassigned character"
    if any(character != " " and unicodedata.category(character) == "Zs" for character in name):
        return "has a blank that is no ordinary one"
    if unicodedata.category(name[0]).startswith("M"):
        return "begins with a mark that belongs on a letter"
    if unicodedata.normalize("NFC", name) != name:
        return "is not in Unicode's composed form (NFC)"
    return None


def _special(name: str) -> str | None:
    """Names that some system, shell or server takes for something else."""
    if _FORBIDDEN.search(name):
        return "has a character that is special on some system"
    if _ESCAPED.search(name):
        return "has a separator or a dot written with a percent sign"
    if name != name.strip() or name.endswith("."):
        return "begins or ends with a blank, or ends with a dot"
    if name[0] in _QUOTES or name[-1] in _QUOTES:
        return "begins or ends with a quotation mark"
    if name.startswith("~") or _SHORT.match(name):
        return "is another name of a folder or a file on some system"
    if _DEVICES.match(name):
        return "is a device on some system"
    # Where case does not count this would be the same name.
    if name.casefold().startswith(TEMPORARY):
        return "is kept for the server's own files"
    return None


def _special_once_folded(name: str) -> str | None:
    """What the name would be to a reader who takes wide letters, ligatures and the like for the plain ones."""
    folded = unicodedata.normalize("NFKC", name)
    if folded == name:
        return None
    if folded in ("", ".", "..") or _special(folded) is not None:
        return "would be a special one in plain characters"
    return None
