"""``synapse up``"""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="The API's port; 0 takes free ports for all servers. Default: SYNAPSE_API_PORT, 8800."
        ),
    ] = None,
    workers: Annotated[
        bool | None, typer.Option("--workers/--no-workers", help="Run the agents here. Default: when no SYNAPSE_BROKER_URL is set.")
    ] = None,
) -> None:
    """Run everything in one process: API, both MCP servers and the workers. Ctrl-C stops it."""
    from synapse.cli.keeping import keep_up

    keep_up(port, workers)
