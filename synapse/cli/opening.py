"""A page of the console in the browser."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import typer

Open = Annotated[bool, typer.Option("--open", help="Open its page of the console in the browser.")]


def page(url: str, run: str, part: str = "") -> str:
    """The address of a run's page."""
    return f"{url}/#/runs/{run}{part}"


def show(address: str) -> None:
    """Open it, and say on stderr where it is: on a machine without a browser that is what there is."""
    sys.stderr.write(f"{address}\n")
    sys.stderr.flush()
    webbrowser.open(address)
