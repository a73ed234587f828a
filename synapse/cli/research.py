"""``synapse research``"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer


def command(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    corpus: Annotated[str | None, typer.Option("--corpus", help="Search only this local corpus.")] = None,
    max_sources: Annotated[int | None, typer.Option("--max-sources", min=1, max=50, help="Pages to read at most.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; with --detach, the run.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait: print the run's id.")] = False,
    key: Annotated[str | None, typer.Option("--idempotency-key", help="The same key gives the same run again.")] = None,
) -> None:
    """Ask a question of a running Synapse, watch it work, print the report (Markdown when piped)."""
    from synapse.cli.client import Api
    from synapse.contracts.run import RunRequest
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    given: dict[str, Any] = {"question": question, "corpus": corpus, "max_sources": max_sources}
    request = RunRequest(input={name: value for name, value in given.items() if value is not None})
    with Api.from_settings() as api:
        if detach:
            run = api.submit(request, key=key)
            sys.stdout.write((run.model_dump_json() if as_json else run.id) + "\n")
            return
        from synapse.cli import asking

        asking.ask_and_print(api, request, key=key, as_json=as_json)
