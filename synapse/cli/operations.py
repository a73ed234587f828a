"""``synapse queues`` and ``synapse workers``: what waits, and who takes it."""

from __future__ import annotations

from typing import Annotated

import typer

from synapse.cli.session import connected, say

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def queues(as_json: AsJson = False) -> None:
    """Show every queue just now: messages and consumers by the broker, steps that wait and for how long, dead letters."""
    from synapse.cli import consoles, operations_view

    with connected() as api:
        found = api.queues()
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(operations_view.queues(found), soft_wrap=True)


def workers(as_json: AsJson = False) -> None:
    """Show the workers that answer within a second, and what each does."""
    from synapse.cli import consoles, operations_view

    with connected() as api:
        found = api.workers()
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(operations_view.workers(found), soft_wrap=True)
