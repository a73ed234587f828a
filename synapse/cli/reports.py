"""``synapse report``"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What a report can be had as."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


def command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    format: Annotated[Format | None, typer.Option("--format", help="Default: by the output's suffix; Markdown when piped.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
) -> None:
    """Print the report of a run, or write it to a file."""
    from synapse.cli import consoles
    from synapse.cli.client import Api
    from synapse.errors import InvalidInput
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    chosen = format or _by_suffix(output)
    with Api.from_settings() as api:
        if chosen is None and output is None and consoles.out().is_terminal:
            from synapse.cli import report_view

            report_view.show(consoles.out(), api.report(run))
            return
        data = api.report_as(run, chosen or Format.MARKDOWN)
    if output is None:
        sys.stdout.write(data.decode().rstrip("\n") + "\n")
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise InvalidInput(f"cannot write {output}: {error.strerror}", field="--output") from error


def _by_suffix(output: Path | None) -> Format | None:
    suffix = output.suffix.lower() if output is not None else ""
    return {".html": Format.HTML, ".htm": Format.HTML, ".json": Format.JSON, ".md": Format.MARKDOWN}.get(suffix)
