"""Where the sets are found. They are other people's data and no part of the project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "data"


def folder(name: str) -> Path:
    """The folder of a set. Raises FileNotFoundError, which says where it was looked for."""
    found = Path(os.environ.get("SYNAPSE_BENCH_DATA") or _BESIDE_THE_CHECKOUT) / name
    if not found.is_dir():
        raise FileNotFoundError(f"no data of {name!r} in {found.parent}: name the folder that holds it with SYNAPSE_BENCH_DATA")
    return found


def lines(file: Path) -> list[dict[str, Any]]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
