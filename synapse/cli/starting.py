"""``synapse up``, ``demo``, ``api``, ``mcp`` and ``worker``: what starts servers. What they need is imported when they run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Host = Annotated[str | None, typer.Option("--host", help="Where to listen. Default: the setting. Off loopback a token is demanded.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free one. Default: the setting.")]


class Which(StrEnum):
    """The MCP servers there are."""

    PRIMARY = "primary"
    FILESYSTEM = "filesystem"


def up(
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="The API's port; 0 takes free ports for every server. Default: SYNAPSE_API_PORT."),
    ] = None,
    workers: Annotated[
        bool | None, typer.Option("--workers/--no-workers", help="Run the agents here. Default: when no SYNAPSE_BROKER_URL is set.")
    ] = None,
) -> None:
    """Run everything in one process: API, both MCP servers and the workers. Ctrl-C stops it."""
    from synapse.cli.keeping import keep_up

    keep_up(port, workers)


def demo(
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="A folder of documents to search. Default: what the packages that Synapse is built on document."),
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="What to ask.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """See it work: start everything, ask one question, print the report, stop everything."""
    from synapse.cli.demonstration import demonstrate

    demonstrate(corpus, question, as_json=as_json)


def api(host: Host = None, port: Port = None) -> None:
    """Run the HTTP API alone."""
    from synapse.cli.keeping import keep_api

    keep_api(host, port)


def mcp(
    which: Annotated[Which, typer.Argument(help="primary: search and browsing; filesystem: files.")], host: Host = None, port: Port = None
) -> None:
    """Run one MCP server alone."""
    from synapse.cli.keeping import keep_mcp

    keep_mcp(which.value, host, port)


def worker(context: typer.Context) -> None:
    """Run a worker, with Celery's options for one: -Q synapse-search -n search@%h. As 'celery -A synapse worker', in less memory."""
    from synapse.celery import app

    raise typer.Exit(app.work(context.args))
