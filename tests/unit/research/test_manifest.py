from __future__ import annotations

import hashlib
import json

from synapse.research.manifest import manifest


def test_it_vouches_for_each_file_and_is_the_same_for_the_same_files() -> None:
    files = {"b.md": "é".encode(), "a.json": b"{}"}
    written = json.loads(manifest("r", files))
    assert written == {
        "run": "r",
        "files": {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()},
    }
    assert manifest("r", files) == manifest("r", dict(reversed(files.items())))
