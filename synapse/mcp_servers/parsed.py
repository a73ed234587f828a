"""Documents that were parsed lately, so that a page out of the cache is not parsed again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from synapse.extract.blocks import Extracted

MAX_CHARACTERS: Final = 4_000_000
"""Of the documents' text together: a few hundred ordinary pages."""


class Parsed:
    """The documents not asked for longest are forgotten first."""

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._known: OrderedDict[bytes, Extracted] = OrderedDict()
        self._characters = 0

    def find(self, key: bytes) -> Extracted | None:
        """What came of the bytes of that key, if it is known still."""
        document = self._known.get(key)
        if document is not None:
            self._known.move_to_end(key)
        return document

    def keep(self, key: bytes, document: Extracted) -> None:
        """Remember a document, unless it alone is larger than all may be."""
        if _weight(document) > self._max_characters:
            return
        old = self._known.pop(key, None)
        self._characters += _weight(document) - (0 if old is None else _weight(old))
        self._known[key] = document
        while self._characters > self._max_characters:
            self._characters -= _weight(self._known.popitem(last=False)[1])


def key_of(body: bytes, *context: str | None) -> bytes:
    """What a document is known by: its bytes, and all else that parsing depends on."""
    digest = hashlib.sha256(repr(context).encode("utf-8", "backslashreplace"))
    digest.update(b"\0")
    digest.update(body)
    return digest.digest()


def _weight(document: Extracted) -> int:
    # A heading is an object of its own, however short; an empty document counts as well.
    return 1_000 + len(document.text) + len(document.title) + 200 * len(document.headings) + 30 * len(document.pages)
