"""``synapse dead``: list, show, requeue, drop."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from synapse.cli.session import connected, say

app = typer.Typer(no_args_is_help=True, help="Look at messages that the broker gave up, send them again, drop them.")
Letter = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("list")
def listed(
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Letters at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first."""
    from synapse.cli import consoles, dead_view

    with connected() as api:
        page = api.dead_letters(limit=limit, cursor=cursor)
    if as_json:
        say(page.model_dump_json())
    else:
        consoles.out().print(dead_view.page(page), soft_wrap=True)


@app.command("show")
def show(letter: Letter, as_json: AsJson = False) -> None:
    """Show one with its content."""
    from synapse.cli import consoles, dead_view

    with connected() as api:
        found = api.dead_letter(letter)
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(dead_view.detail(found), soft_wrap=True)


@app.command("requeue")
def requeue(letter: Letter, as_json: AsJson = False) -> None:
    """Send one to the queue that gave it up."""
    with connected() as api:
        found = api.requeue(letter)
    say(found.model_dump_json() if as_json else f"{found.id} sent to {found.queue}")


@app.command("drop")
def drop(letter: Letter, as_json: AsJson = False) -> None:
    """Forget one."""
    with connected() as api:
        api.drop(letter)
    say(json.dumps({"dropped": letter}) if as_json else f"{letter} dropped")
