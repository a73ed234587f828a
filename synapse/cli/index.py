"""``synapse index``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    path: Annotated[Path | None, typer.Argument(help="A folder of HTML, Markdown, reStructuredText and text files.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the corpus is called. Default: the folder's name.")] = None,
    installed: Annotated[
        bool, typer.Option("--installed", help="Instead of a folder: all that the installed Python packages document.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="What was done, as JSON on stdout.")] = False,
) -> None:
    """Make a corpus that can be searched, or bring it up to date. It is used at once, by servers that run too."""
    from synapse.cli.exits import Usage
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    if (path is None) is not installed:
        raise Usage("give a folder, or --installed", remedy="synapse index --help")
    from synapse.cli import indexing

    indexed = indexing.index(path, name)
    if as_json:
        sys.stdout.write(indexed.model_dump_json() + "\n")
    else:
        sys.stdout.write(f"{indexed.name}: {indexing.summary(indexed)}\n")
