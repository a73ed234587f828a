"""``synapse db``"""

from __future__ import annotations

import sys

import typer

app = typer.Typer(no_args_is_help=True, help="The database's tables.")


@app.callback()
def db() -> None:
    """The database's tables."""


@app.command("upgrade")
def upgrade() -> None:
    """Bring the tables to this version. Safe while Synapse runs, and by several at once."""
    from synapse.service.service import Service
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    service = Service()
    try:
        service.upgrade()
    finally:
        service.close()
    sys.stdout.write("the tables are of this version\n")
