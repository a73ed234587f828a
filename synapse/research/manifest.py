"""What vouches for the files of a report: the sha256 and the size of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def manifest(run: str, contents: Mapping[str, bytes]) -> str:
    """The manifest of these files as JSON, the same for the same files."""
    files = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in contents.items()}
    return json.dumps({"run": run, "files": files}, indent=2, sort_keys=True) + "\n"
