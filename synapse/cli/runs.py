"""``synapse runs``: list, show, watch, cancel, resume."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from synapse.cli.client import Api

app = typer.Typer(no_args_is_help=True, help="Look at runs, watch, cancel and resume them.")
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def _api() -> Api:
    from synapse.cli.client import Api
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    return Api.from_settings()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


@app.command("list")
def listed(
    state: Annotated[str | None, typer.Option("--state", help="running, succeeded, failed or cancelled.")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Only runs of this workflow.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Runs at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from synapse.cli import consoles, run_view

    with _api() as api:
        page = api.runs(state=state, workflow=workflow, limit=limit, cursor=cursor)
    if as_json:
        _say(page.model_dump_json())
    else:
        consoles.out().print(run_view.page(page), soft_wrap=True)


@app.command("show")
def show(run: Run, as_json: AsJson = False) -> None:
    """Show a run with every step."""
    from synapse.cli import consoles, run_view

    with _api() as api:
        found = api.run(run)
    if as_json:
        _say(found.model_dump_json())
    else:
        consoles.out().print(run_view.detail(found), soft_wrap=True)


@app.command("watch")
def watch(
    run: Run,
    after: Annotated[int, typer.Option("--after", min=0, help="With --json: only events above this number.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
) -> None:
    """Follow a run until it ends; exit code 3 when it did not succeed."""
    from synapse.cli import asking, consoles

    with _api() as api:
        if not as_json:
            asking.watch(consoles.err(), api, run)
            return
        for event in api.stream(run, after):
            _say(event.model_dump_json())
            sys.stdout.flush()
        asking.succeeded(api.run(run))


@app.command("cancel")
def cancel(
    run: Run, reason: Annotated[str, typer.Option("--reason", help="Kept with the run.")] = "cancelled on request", as_json: AsJson = False
) -> None:
    """Stop a run; one that has ended stays as it is."""
    with _api() as api:
        found = api.cancel(run, reason)
    _say(found.model_dump_json() if as_json else f"{found.id} {found.state}")


@app.command("resume")
def resume(run: Run, as_json: AsJson = False) -> None:
    """Go on with a failed or cancelled run from its last good steps."""
    with _api() as api:
        found = api.resume(run)
    _say(found.model_dump_json() if as_json else f"{found.id} {found.state}")
