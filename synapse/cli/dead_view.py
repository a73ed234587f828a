"""Dead letters on a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli.text import short, shown
from synapse.contracts.dead_letter import DeadLetter, DeadLetterDetail, DeadLetterPage

_LONGEST_BODY: Final = 4000


def page(found: DeadLetterPage) -> RenderableType:
    """A page of them as a table."""
    if not found.letters:
        return Text("no dead letters")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black")
    for name in ("id", "died", "queue", "reason"):
        table.add_column(name, no_wrap=True)
    table.add_column("about")
    for letter in found.letters:
        about = Text(_about(letter), no_wrap=True, overflow="ellipsis")
        table.add_row(letter.id, f"{letter.died_at.astimezone():%m-%d %H:%M:%S}", shown(letter.queue), shown(letter.reason), about)
    more = Text(f"more: --cursor {found.next}", "bright_black") if found.next else Text("")
    return Group(table, more) if found.next else table


def detail(letter: DeadLetterDetail) -> RenderableType:
    """One, and what is in it."""
    head = Table.grid(padding=(0, 2))
    rows = {
        "id": letter.id,
        "queue": letter.queue,
        "reason": f"{letter.reason}, {letter.count} times" if letter.count > 1 else letter.reason,
        "died": f"{letter.died_at.astimezone():%Y-%m-%d %H:%M:%S}",
        "about": _about(letter),
        "size": f"{letter.size} bytes{'' if letter.kept else ', not kept'}",
        **{name.replace("_", " "): str(value) for name, value in letter.properties.items()},
    }
    for name, value in rows.items():
        head.add_row(Text(name, "bright_black"), Text(short(value, 500)))
    return Group(head, Text(), Text(short(letter.body, _LONGEST_BODY)))


def _about(letter: DeadLetter) -> str:
    return short(" ".join(each for each in (letter.run, letter.step) if each) or f"{letter.size} bytes", 200)
