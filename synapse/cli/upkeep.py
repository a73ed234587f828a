"""``synapse index``, ``doctor`` and ``db``: what an operator does now and then."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

database = typer.Typer(no_args_is_help=True, help="The database's tables.")


def index(
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


def doctor(as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False) -> None:
    """Check everything Synapse needs, and say what to do. Exit code 1 when something is wrong."""
    from synapse.cli import consoles, examine
    from synapse.cli.exits import Exit
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    health = examine.examine()
    if as_json:
        sys.stdout.write(health.model_dump_json() + "\n")
    else:
        consoles.out().print(examine.table(health), soft_wrap=True)
    if not health.ok:
        raise typer.Exit(Exit.FAILED)


@database.callback()
def db() -> None:
    """The database's tables."""


@database.command("upgrade")
def upgrade(as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False) -> None:
    """Bring the tables to this version. Safe while Synapse runs, and by several at once."""
    from synapse.service.service import Service
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    service = Service()
    try:
        version = service.upgrade()
    finally:
        service.close()
    sys.stdout.write(json.dumps({"version": version}) + "\n" if as_json else "the tables are of this version\n")
