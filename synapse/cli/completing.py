"""What a shell offers for a word that is begun: names of things that there are.

The shell waits meanwhile and has nowhere to show an error: what cannot be had soon is not offered, and nothing is said about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Final

import typer

from synapse.cli.session import connected

if TYPE_CHECKING:
    from synapse.cli.client import Api

_SECONDS: Final = 1.0
"""How long the API has to answer."""
_MOST: Final = 50

Offer = tuple[str, str]
"""A word, and what it is."""
Offered = Callable[[typer.Context, str], list[Offer]]


def _silent(found: Callable[[typer.Context], Iterable[Offer]]) -> Offered:
    @wraps(found)
    def offered(ctx: typer.Context, incomplete: str) -> list[Offer]:
        try:
            return [(word, about) for word, about in found(ctx) if word.startswith(incomplete)]
        except Exception:
            logging.getLogger(__name__).debug("nothing is offered", exc_info=True)
            return []

    # typer looks at the parameters, not at what was wrapped.
    del offered.__wrapped__
    offered.__annotations__ = {"ctx": typer.Context, "incomplete": str}
    return offered


def _asked() -> Api:
    return connected(within=_SECONDS)


@_silent
def runs(ctx: typer.Context) -> Iterable[Offer]:
    """The newest runs, by their ids, with their states and questions."""
    from synapse.cli.text import short

    with _asked() as api:
        page = api.runs(limit=_MOST)
    return [(run.id, f"{run.state} {short(str(run.input.get('question') or run.workflow), 60)}") for run in page.runs]


@_silent
def steps(ctx: typer.Context) -> Iterable[Offer]:
    """The steps of the run that stands before, by their places."""
    with _asked() as api:
        page = api.steps(str(ctx.params["run"]), limit=200)
    return [(step.path, str(step.state)) for step in page.steps]


@_silent
def signals(ctx: typer.Context) -> Iterable[Offer]:
    """What the run that stands before waits to be told."""
    from synapse.cli.text import short

    with _asked() as api:
        waiting = api.run(str(ctx.params["run"])).waiting_for
    return [(each.signal, short(each.ask or each.kind, 60)) for each in waiting if each.signal is not None]


@_silent
def workflows(ctx: typer.Context) -> Iterable[Offer]:
    """The workflows that runs can be started of."""
    from synapse.cli.text import short

    with _asked() as api:
        return [(each.name, short(each.description, 60)) for each in api.workflows()]


@_silent
def corpora(ctx: typer.Context) -> Iterable[Offer]:
    """The corpora of this machine."""
    from synapse.service.corpora import Corpora

    return [(name, "") for name in Corpora().names()]


@_silent
def run_states(ctx: typer.Context) -> Iterable[Offer]:
    """The states of a run."""
    from synapse.contracts.run import RunState

    return [(state, "") for state in RunState]


@_silent
def step_states(ctx: typer.Context) -> Iterable[Offer]:
    """The states of a step."""
    from synapse.contracts.run import StepState

    return [(state, "") for state in StepState]
