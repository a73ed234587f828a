"""The options by which several commands are told which runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Final, TypedDict

import typer

from synapse.cli import completing


class Filters(TypedDict, total=False):
    """What was given, by the names that the API has for it; None and what is left out is no condition."""

    state: list[str] | None
    workflow: str | None
    label: list[str] | None
    search: str | None
    created_after: str | None
    created_before: str | None


_NAME: Final = "filters"


def _options(
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="running, succeeded, failed or cancelled; may be given again.", autocompletion=completing.run_states),
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", help="Only runs of this workflow.", autocompletion=completing.workflows)
    ] = None,
    label: Annotated[list[str] | None, typer.Option("--label", help="key:value, or key for any value; may be given again.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Words of the question; 'celer*' is any word that begins so.")] = None,
    created_after: Annotated[str | None, typer.Option("--after", help="Created then or later, e.g. 2026-11-23T00:00:00Z.")] = None,
    created_before: Annotated[str | None, typer.Option("--before", help="Created before then.")] = None,
) -> None:
    """Never called: its parameters are those that `filtered` gives to a command."""


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options above in the place of its parameter ``filters``, which gets what was given by them."""
    options = inspect.signature(_options, eval_str=True).parameters
    signature = inspect.signature(command, eval_str=True)

    @wraps(command)
    def told(**given: Any) -> None:
        command(**{_NAME: {name: given.pop(name) for name in options}, **given})

    taken = [each for name, own in signature.parameters.items() for each in (options.values() if name == _NAME else (own,))]
    # typer reads a function's parameters from here, and its types from the annotations.
    told.__signature__ = signature.replace(parameters=taken)  # type: ignore[attr-defined]
    told.__annotations__ = {each.name: each.annotation for each in taken}
    del told.__wrapped__
    return told
