"""``synapse dead``: list, show, requeue, drop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from synapse.cli.client import Api

app = typer.Typer(no_args_is_help=True, help="Look at messages that the broker gave up, send them again, drop them.")
Letter = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]
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
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Letters at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first."""
    from synapse.cli import consoles, dead_view

    with _api() as api:
        page = api.dead_letters(limit=limit, cursor=cursor)
    if as_json:
        _say(page.model_dump_json())
    else:
        consoles.out().print(dead_view.page(page), soft_wrap=True)


@app.command("show")
def show(letter: Letter, as_json: AsJson = False) -> None:
    """Show one with its content."""
    from synapse.cli import consoles, dead_view

    with _api() as api:
        found = api.dead_letter(letter)
    if as_json:
        _say(found.model_dump_json())
    else:
        consoles.out().print(dead_view.detail(found), soft_wrap=True)


@app.command("requeue")
def requeue(letter: Letter) -> None:
    """Send one to the queue that gave it up."""
    with _api() as api:
        found = api.requeue(letter)
    _say(f"{found.id} sent to {found.queue}")


@app.command("drop")
def drop(letter: Letter) -> None:
    """Forget one."""
    with _api() as api:
        api.drop(letter)
    _say(f"{letter} dropped")
