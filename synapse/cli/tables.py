"""Tables on a terminal, and what stands in their cells."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from synapse.cli.text import short


def table(*names: str) -> Table:
    """One without lines. An id that is cut cannot be used: what gives way is the last column, the only one that rich may shrink."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black")
    for name in names[:-1]:
        made.add_column(name, no_wrap=True)
    made.add_column(names[-1])
    return made


def last(text: str, style: str = "") -> Text:
    """A cell of the last column: one line, cut where the terminal ends."""
    return Text(short(text, 200), style, no_wrap=True, overflow="ellipsis")


def utc(moment: datetime | None, otherwise: str = "") -> str:
    """``2026-01-31 07:30:00Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if moment is not None else otherwise
