"""``synapse topology``: declare, show, check."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from synapse.service.topology import DriftView, TopologyDesk

app = typer.Typer(no_args_is_help=True, help="The broker's exchanges and queues.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@contextmanager
def _desk() -> Iterator[TopologyDesk]:
    from synapse.service.service import Service
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    service = Service()
    try:
        yield service.topology
    finally:
        service.close()


def _say(text: str) -> None:
    from synapse.cli.text import shown

    sys.stdout.write(shown(text) + "\n")


@app.command("declare")
def declare(
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Delete first what is there with other arguments. Hints in it come again by themselves."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Declare every exchange and queue. Safe while Synapse runs, and by several at once."""
    with _desk() as desk:
        found, count = desk.declare(replace=replace), len(desk.show())
    if as_json:
        _say(json.dumps({"declared": count, "replaced" if replace else "left": [each.model_dump() for each in found]}))
        return
    for each in found:
        _say(f"{each.name}: {'replaced' if replace else 'left as it is'}: {each.detail}")
    _say(f"{count} exchanges and queues are there")


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """Show what is declared, with arguments. Asks no broker."""
    with _desk() as desk:
        wanted = desk.show()
    if as_json:
        _say(json.dumps([each.model_dump() for each in wanted]))
        return
    for each in wanted:
        _say(f"{each.name} {each.kind} {' '.join(f'{name}={value}' for name, value in each.arguments.items())}".rstrip())


@app.command("check")
def check(as_json: AsJson = False) -> None:
    """Compare the broker with what should be there, and change nothing. Exit code 1 when something differs."""
    from synapse.cli.exits import Exit

    with _desk() as desk:
        found, count = desk.check(), len(desk.show())
    if as_json:
        _say(json.dumps([each.model_dump() for each in found]))
    else:
        _tell(found, count)
    if found:
        raise typer.Exit(Exit.FAILED)


def _tell(found: list[DriftView], count: int) -> None:
    for each in found:
        _say(f"{each.name}: {each.what}: {each.detail}")
    differs = any(each.what == "differs" for each in found)
    _say(f"→ synapse topology declare{' --replace' if differs else ''}" if found else f"{count} exchanges and queues are as they should be")
