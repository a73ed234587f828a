"""``synapse new``: an agent or a workflow to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Final

import typer

from synapse.cli.exits import Usage
from synapse.cli.session import say
from synapse.errors import InvalidInput

app = typer.Typer(no_args_is_help=True, help="Begin an agent or a workflow of your own, with files that run as they are.")
Into = Annotated[Path, typer.Option("--into", help="The folder to put it into; made when it is not there.")]
AsJson = Annotated[bool, typer.Option("--json", help="The paths of the files, as JSON on stdout.")]
_AGENT: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WORKFLOW: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


@app.command("agent")
def agent(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The agent's name: small letters, digits, underscores.")],
    into: Into = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a package with an agent, its tests and a workflow that uses it. No file is overwritten."""
    from synapse.cli import scaffolds

    if not _AGENT.fullmatch(name):
        raise Usage(f"{name!r} is no agent's name", field="NAME", remedy="e.g. summary or word_count")
    if name in {point.name for point in entry_points(group="synapse.agents")}:
        raise Usage(f"there is an agent {name!r} already", field="NAME", remedy="'synapse doctor' counts those that are installed")
    folder = into / name.replace("_", "-")
    _write(folder, scaffolds.agent(name), as_json, f"{folder / 'README.md'} has what to do next")


@app.command("workflow")
def workflow(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The workflow's name: small letters, digits, hyphens.")],
    into: Into = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a file with a workflow of the agents that come with Synapse. No file is overwritten."""
    from synapse.cli import scaffolds

    if not _WORKFLOW.fullmatch(name):
        raise Usage(f"{name!r} is no workflow's name", field="NAME", remedy="e.g. weekly-survey")
    file = into / f"{name}.yaml"
    then = f'synapse workflows create {file}\nsynapse runs start {name} --input \'{{"question": "..."}}\''
    _write(into, scaffolds.workflow(name), as_json, then)


def _write(folder: Path, files: Mapping[Path, str], as_json: bool, then: str) -> None:
    """All of the files or, where one is there already or cannot be written, none. Raises InvalidInput."""
    paths = [folder / path for path in files]
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        raise InvalidInput(f"{there[0]} is there already", remedy="take another name, or another folder with --into")
    made: list[Path] = []
    try:
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in made:
            path.unlink()
        raise InvalidInput(f"cannot write {error.filename or path}: {error.strerror}", field="--into") from error
    if as_json:
        say(json.dumps({"files": [str(path) for path in paths]}))
    else:
        say("\n".join([*map(str, paths), "", then]))
