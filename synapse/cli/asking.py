"""Asking through the API: a run is started, watched and, once it has succeeded, shown."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from synapse.cli import consoles, opening, report_view
from synapse.cli.client import Api
from synapse.cli.exits import RunFailed
from synapse.cli.progress_view import Watching
from synapse.cli.text import shown
from synapse.contracts.run import RunDetail, RunRequest, RunState


def begin(console: Console, api: Api, request: RunRequest, *, key: str | None = None, open_page: bool = False) -> RunDetail:
    """Start a run and say so; its page of the console is opened when that is wanted."""
    run = api.submit(request, key=key)
    console.print(Text(f"POST {api.url}/v1/runs: run {run.id}"), soft_wrap=True)
    if open_page:
        opening.show(opening.page(api.url, run.id))
    return run


def ask(console: Console, api: Api, request: RunRequest, *, key: str | None = None, open_page: bool = False) -> RunDetail:
    """Start a run and show it working; the run, once it has succeeded. Raises RunFailed."""
    return watch(console, api, begin(console, api, request, key=key, open_page=open_page).id)


def watch(console: Console, api: Api, run: str) -> RunDetail:
    """Show a run working until it ends; the run, if it succeeded. Raises RunFailed."""
    try:
        Watching(console)(api.stream(run))
    except KeyboardInterrupt:
        console.print(
            Text(f"The run goes on. 'synapse runs watch {run}' shows it again, 'synapse runs cancel {run}' stops it."), soft_wrap=True
        )
        raise
    return succeeded(api.run(run))


def succeeded(run: RunDetail) -> RunDetail:
    """The run itself. Raises RunFailed, saying why, when it did not succeed."""
    if run.state is RunState.SUCCEEDED:
        return run
    why = f": {shown(run.error.message)}" if run.error else ""
    verb = "failed" if run.state is RunState.FAILED else f"is {run.state}"
    raise RunFailed(f"the run {verb}{why}", remedy=f"'synapse runs show {run.id}' has every step; 'synapse runs resume {run.id}' goes on")


def ask_and_print(api: Api, request: RunRequest, *, key: str | None, as_json: bool, open_page: bool) -> None:
    """Ask, watch, and put the report on stdout: for people on a terminal, Markdown or JSON for programs."""
    run = ask(consoles.err(), api, request, key=key, open_page=open_page)
    out = consoles.out()
    if not as_json and out.is_terminal:
        report_view.show(out, api.report(run.id))
    else:
        sys.stdout.write(api.report_as(run.id, "json" if as_json else "md").decode().rstrip("\n") + "\n")
