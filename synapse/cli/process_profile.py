"""What processes spend their time on: all that are meant are watched at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from synapse.cli import tables
from synapse.cli.exits import complain
from synapse.cli.processes import Process
from synapse.errors import Unavailable
from synapse.telemetry import control_client, profiles, py_spy
from synapse.telemetry.profiles import Profile

_MOST_FUNCTIONS: Final = 20
_MOST_THREADS: Final = 15
_LEAST: Final = 0.0005


def watch(processes: Sequence[Process], seconds: float, rate: float, outside: bool | None) -> dict[str, Profile]:
    """The profile of each, by its name. ``outside``: by py-spy or not, by default where that works. Raises Unavailable.

    What keeps one from being watched is told, and the others are shown all the same.
    """
    program = py_spy.installed() if outside is not False else None
    if outside and program is None:
        raise Unavailable("py-spy is not installed here", remedy="pip install py-spy, or leave --py-spy away: the process looks itself")
    with ThreadPoolExecutor(len(processes), thread_name_prefix="profile") as pool:
        tried = list(pool.map(lambda process: _tried(process, seconds, rate, program, outside=bool(outside)), processes))
    found = {process.name: profile for process, profile in zip(processes, tried, strict=True) if isinstance(profile, Profile)}
    errors = [error for error in tried if isinstance(error, Unavailable)]
    if not found:
        raise errors[0] if errors else Unavailable("what was to be watched has ended meanwhile")
    for error in errors:
        complain(error.detail, error.remedy)
    return found


def _tried(process: Process, seconds: float, rate: float, program: str | None, *, outside: bool) -> Profile | Unavailable | None:
    try:
        return _watch(process, seconds, rate, program, outside=outside)
    except Unavailable as error:
        return error


def _watch(process: Process, seconds: float, rate: float, program: str | None, *, outside: bool) -> Profile | None:
    if program is not None:
        try:
            return py_spy.record(program, process.door.pid, seconds, rate)
        except Unavailable as error:
            if outside:
                raise
            sys.stderr.write(f"{error.detail}; the process looks itself\n")
    return control_client.profile(process.door, seconds, rate)


def view(found: Mapping[str, Profile]) -> RenderableType:
    """Each process and its threads, and the functions that took most of the processor, of all of them together."""
    parts: list[RenderableType] = []
    for name, profile in found.items():
        parts += [Text(f"{name}: {_said(profile)} in {profile.seconds:.1f} s"), Text()]
        parts += [_threads(profile), Text()]
    return Group(*parts, _functions(found))


def _said(profile: Profile) -> str:
    if profile.source == py_spy.SOURCE:
        return f"{profile.cpu_seconds:.2f} s of the interpreter, seen by py-spy"
    busy = profile.cpu_seconds + profile.cost_seconds
    return f"{busy:.2f} s of the processor, {profile.cost_seconds:.2f} s of it for looking,"


def _threads(profile: Profile) -> RenderableType:
    listed = tables.table("thread", "busy s", "share", "mostly in")
    for thread in profiles.threads(profile)[:_MOST_THREADS]:
        listed.add_row(thread.name, f"{thread.cpu_seconds:.3f}", f"{thread.share:.0%}", tables.last(thread.mostly))
    return listed


def _functions(found: Mapping[str, Profile]) -> RenderableType:
    whole = sum(profile.cpu_seconds for profile in found.values())
    listed = tables.table("own s", "own", "with callees s", "function")
    for name, own, total in profiles.functions(found.values())[:_MOST_FUNCTIONS]:
        if own >= _LEAST:
            listed.add_row(f"{own:.3f}", f"{own / whole:.0%}", f"{total:.3f}", tables.last(name))
    return listed
