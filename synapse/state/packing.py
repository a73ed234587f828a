"""A step's output in SQL stays small: a large one is kept as a blob, and a pointer in its place."""

from __future__ import annotations

import json
from typing import Any

from synapse.state.blobs import FolderBlobs, SqlBlobs
from synapse.state.text import dumps

_POINTER = "$blob"


class Packer:
    """Packs outputs above ``limit`` bytes of JSON into blobs."""

    def __init__(self, blobs: FolderBlobs | SqlBlobs, limit: int) -> None:
        self.blobs = blobs
        self.limit = limit

    def pack(self, output: dict[str, Any]) -> str:
        """The JSON text to store: the output's, or a pointer to a blob that was stored just now."""
        text = dumps(output)
        data = text.encode()
        if len(data) <= self.limit:
            return text
        return dumps({_POINTER: self.blobs.put_now(data), "bytes": len(data)})

    def unpack(self, stored: Any) -> Any:
        """The output behind what was stored. Raises Permanent when its blob is gone."""
        if isinstance(stored, dict) and _POINTER in stored and len(stored) == 2:
            return json.loads(self.blobs.get_now(stored[_POINTER]))
        return stored
