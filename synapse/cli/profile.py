"""``synapse profile``: where a run's time went."""

from __future__ import annotations

from typing import Annotated

import typer

from synapse.cli.session import connected, say


def profile(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Show where a run's time went: queue and work of each agent, the language model, the critical path."""
    from synapse.cli import consoles
    from synapse.cli.run_profile import profile_of, view

    with connected() as api:
        found = profile_of(api.run(run))
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(view(found), soft_wrap=True)
