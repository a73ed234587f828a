"""An SQLite database with all tables and nothing in them, made by the migrations once and then copied."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from synapse.state.database import Database


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db", Path(folder))
        database.upgrade()
        database.close()
        return Path(folder, "empty.db").read_bytes()


def put_empty(file: Path) -> None:
    """Make the file such a database, and its folder if need be. It must not be there yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as out:
        out.write(_made())
