"""``synapse profile``: where a run's time went; what the processes here do and hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from synapse.cli.exits import Usage
from synapse.cli.session import connected, say

PROCESSES: Final = ("worker", "api", "mcp")
MEMORY: Final = "memory"
_SECONDS: Final = 10.0
_RATE: Final = 100.0


def profile(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|worker|api|mcp|memory",
            help="A run's id; or what processes of this machine, or container, do: worker, api or mcp; or what they hold: memory.",
        ),
    ],
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, max=600, help="So long processes are watched.  [default: 10]")
    ] = None,
    rate: Annotated[float | None, typer.Option("--rate", min=1, max=1000, help="Looks a second.  [default: 100]")] = None,
    queue: Annotated[str | None, typer.Option("--queue", help="Only workers that serve it: search, or synapse-search.")] = None,
    pid: Annotated[int | None, typer.Option("--pid", help="Only the process of that id.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Stacks into a file: NAME.json for speedscope.app, any other name folded, for flame graphs; - is stdout."
        ),
    ] = None,
    py_spy: Annotated[
        bool | None,
        typer.Option("--py-spy/--no-py-spy", help="Look from outside, or have the process look. Default: from outside where that works."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout; of processes it is for speedscope.app.")] = False,
) -> None:
    """Show where a run's time went, what processes here spend theirs on, or what each holds of the memory."""
    watching = {"--seconds": seconds, "--rate": rate, "--output": output, "--py-spy": py_spy}
    if what in PROCESSES:
        _watch(what, seconds or _SECONDS, rate or _RATE, queue, pid, output, py_spy, as_json)
        return
    _refuse(watching, what)
    if what == MEMORY:
        _weigh(queue, pid, as_json)
        return
    _refuse({"--queue": queue, "--pid": pid}, what)
    _of_run(what, as_json)


def _refuse(options: Mapping[str, object], what: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise Usage(f"{given[0]} says nothing about {what}", remedy="synapse profile --help")


def _of_run(run: str, as_json: bool) -> None:
    from synapse.cli import consoles
    from synapse.cli.run_profile import profile_of, view

    with connected() as api:
        found = profile_of(api.run(run))
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(view(found), soft_wrap=True)


def _watch(
    role: str, seconds: float, rate: float, queue: str | None, pid: int | None, output: Path | None, py_spy: bool | None, as_json: bool
) -> None:
    from synapse.cli import consoles
    from synapse.cli.process_profile import view, watch
    from synapse.cli.processes import chosen
    from synapse.telemetry import profiles

    if output is not None and not output.parent.is_dir():
        raise Usage(f"{output.parent} is no folder", remedy="--output takes a file in a folder that is there, or - for stdout")
    found = watch(chosen(role, queue, pid), seconds, rate, py_spy)
    if as_json:
        say(json.dumps(profiles.speedscope(found)))
    elif str(output) == "-":
        say(profiles.folded(found).rstrip("\n"))
    else:
        consoles.out().print(view(found), soft_wrap=True)
    if output is not None and str(output) != "-":
        drawn = output.suffix == ".json"
        output.write_text(json.dumps(profiles.speedscope(found)) if drawn else profiles.folded(found))


def _weigh(queue: str | None, pid: int | None, as_json: bool) -> None:
    from synapse.cli import consoles
    from synapse.cli.memory_report import view
    from synapse.cli.processes import chosen

    found = chosen(None, queue, pid)
    if as_json:
        say(json.dumps([process.report.model_dump() for process in found if process.report is not None]))
    else:
        consoles.out().print(view(found), soft_wrap=True)
