"""``synapse research``, ``report`` and ``verify``: what gets answers from a running Synapse."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from synapse.cli import completing
from synapse.cli.choosing import checked
from synapse.cli.opening import Open


class Format(StrEnum):
    """What a report can be had as."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


def research(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    corpus: Annotated[
        str | None, typer.Option("--corpus", help="Search only this local corpus.", autocompletion=completing.corpora)
    ] = None,
    max_sources: Annotated[
        int | None, typer.Option("--max-sources", min=1, max=50, help="Pages to read at most in the first look.")
    ] = None,
    max_followups: Annotated[
        int | None,
        typer.Option("--max-followups", min=0, max=20, help="Pages to read at most in a second look, where the first says little."),
    ] = None,
    max_domains: Annotated[
        int | None, typer.Option("--max-domains", min=1, max=70, help="Domains of the web to read from at most, both looks together.")
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option("--max-bytes", min=100_000, max=1_000_000_000, help="Bytes to fetch for all pages together at most.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; with --detach, the run.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait: print the run's id.")] = False,
    label: Annotated[list[str] | None, typer.Option("--label", help="key:value, to find the run by; may be given again.")] = None,
    key: Annotated[str | None, typer.Option("--idempotency-key", help="The same key gives the same run again.")] = None,
    open_page: Open = False,
) -> None:
    """Ask a question of a running Synapse, watch it work, print the report (Markdown when piped)."""
    from synapse.cli.client import Api
    from synapse.contracts.run import RunRequest
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    limits = {"max_sources": max_sources, "max_followups": max_followups, "max_domains": max_domains, "max_bytes": max_bytes}
    given: dict[str, Any] = {"question": question, "corpus": corpus, **limits}
    labels = dict(each.partition(":")[::2] for each in label or ())
    request = checked(RunRequest, {"input": {name: value for name, value in given.items() if value is not None}, "labels": labels})
    with Api.from_settings() as api:
        from synapse.cli import asking, consoles

        if not detach:
            asking.ask_and_print(api, request, key=key, as_json=as_json, open_page=open_page)
            return
        run = asking.begin(consoles.err(), api, request, key=key, open_page=open_page)
        sys.stdout.write((run.model_dump_json() if as_json else run.id) + "\n")


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", autocompletion=completing.runs)],
    format: Annotated[Format | None, typer.Option("--format", help="Default: by the output's suffix; Markdown when piped.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    open_page: Open = False,
) -> None:
    """Print the report of a run, write it to a file, or open it in the browser."""
    from synapse.cli import consoles, opening
    from synapse.cli.client import Api
    from synapse.cli.exits import Usage
    from synapse.errors import InvalidInput
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    if as_json and format not in (None, Format.JSON):
        raise Usage("--json is --format json", field="--format", remedy="give one of the two")
    chosen = Format.JSON if as_json else format or _by_suffix(output)
    with Api.from_settings() as api:
        if open_page:
            api.report(run)  # what there is not says so here, not in a window
            opening.show(opening.page(api.url, run, "/report"))
            if chosen is None:
                return
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


def verify(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", autocompletion=completing.runs)],
    refetch: Annotated[bool, typer.Option("--refetch", help="Fetch every cited source again, and say what became of its quotes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Check the stored report of a run again; exit code 1 when something does not hold."""
    from synapse.cli import consoles, verification_view
    from synapse.cli.client import Api
    from synapse.cli.exits import Exit
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    with Api.from_settings() as api:
        found = api.verification(run, refetch=refetch)
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
    else:
        consoles.out().print(verification_view.view(found), soft_wrap=True)
    if not found.holds:
        raise typer.Exit(Exit.FAILED)


def _by_suffix(output: Path | None) -> Format | None:
    suffix = output.suffix.lower() if output is not None else ""
    return {".html": Format.HTML, ".htm": Format.HTML, ".json": Format.JSON, ".md": Format.MARKDOWN}.get(suffix)
