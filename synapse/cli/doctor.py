"""``synapse doctor``"""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False) -> None:
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
