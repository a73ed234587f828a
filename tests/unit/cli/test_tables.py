from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone

from rich.console import Console

from synapse.cli import tables


def _printed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    made = tables.table("id", "name")
    made.add_row("an-id-that-is-needed-whole", tables.last("a name that goes on\nand on and on and on and on"))
    console.print(made)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_what_gives_way_on_a_narrow_terminal_is_the_last_column_alone() -> None:
    narrow = _printed(40)
    assert "an-id-that-is-needed-whole" in narrow
    assert "…" in narrow
    assert max(len(line) for line in narrow.splitlines()) <= 40


def test_a_cell_is_one_line() -> None:
    assert "a name that goes on and on and on and on and on" in _printed(120)


def test_a_time_is_told_in_utc() -> None:
    assert tables.utc(datetime(2026, 1, 31, 9, 30, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-31 07:30:00Z"
    assert tables.utc(None) == ""
    assert tables.utc(None, "never") == "never"
