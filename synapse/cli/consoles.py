"""Results go to stdout, everything else to stderr; neither is coloured when it is piped."""

from __future__ import annotations

import sys
from typing import Any, Final

from rich.console import Console

_MOST: Final = 110
_PIPED: Final = 100


def out() -> Console:
    """Where results go."""
    return _console(sys.stdout)


def err() -> Console:
    """Where progress goes."""
    return _console(sys.stderr)


def _console(file: Any) -> Console:
    # Lines longer than about a hundred characters are hard to read, however wide the window is.
    console = Console(file=file, highlight=False)
    console.width = min(console.width, _MOST) if console.is_terminal else _PIPED
    return console
