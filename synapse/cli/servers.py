"""``synapse api`` and ``synapse mcp``: one server alone, for a machine or a container of its own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

Host = Annotated[
    str | None, typer.Option("--host", help="Where to listen. Default: the setting, 127.0.0.1. Elsewhere a token is demanded.")
]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free one. Default: the setting.")]


class Which(StrEnum):
    """The MCP servers there are."""

    PRIMARY = "primary"
    FILESYSTEM = "filesystem"


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
