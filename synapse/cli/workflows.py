"""``synapse workflows``: list, show, validate, create, diff."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synapse.cli import completing
from synapse.cli.exits import Exit, Usage
from synapse.cli.session import connected, say

if TYPE_CHECKING:
    pass

app = typer.Typer(no_args_is_help=True, help="Workflows: those that can be run, and versions of your own.")
Name = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow's name.", autocompletion=completing.workflows)]
Definition = Annotated[Path, typer.Argument(metavar="FILE", help="A definition in YAML or JSON; - reads it from stdin.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """List the workflows that runs can be started of."""
    from synapse.cli import consoles, workflows_view

    with connected() as api:
        found = api.workflows()
    if as_json:
        say("[" + ",".join(each.model_dump_json() for each in found) + "]")
    else:
        consoles.out().print(workflows_view.table(found), soft_wrap=True)


@app.command("show")
def show(
    name: Name,
    version: Annotated[int | None, typer.Option("--version", min=1, help="By default the newest.")] = None,
    versions: Annotated[bool, typer.Option("--versions", help="List its versions instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a workflow's definition in YAML, or its versions."""
    from synapse.cli import consoles, workflows_view

    with connected() as api:
        if versions:
            every = api.workflow_versions(name)
            if as_json:
                say(every.model_dump_json())
            else:
                consoles.out().print(workflows_view.versions(every), soft_wrap=True)
            return
        found = api.workflow(name, version)
    say(found.model_dump_json() if as_json else workflows_view.definition(found).rstrip("\n"))


@app.command("validate")
def validate(file: Definition, as_json: AsJson = False) -> None:
    """Check a definition without running it; exit code 1 when something is wrong with it."""
    from synapse.cli import workflows_view

    written = _read(file)
    with connected() as api:
        found = api.validate_workflow(written)
    say(found.model_dump_json() if as_json else workflows_view.validation(found))
    if not found.valid:
        raise typer.Exit(Exit.FAILED)


@app.command("create")
def create(file: Definition, as_json: AsJson = False) -> None:
    """Make a workflow of your own, or its next version; one that is there already and is the same is no error."""
    written = _read(file)
    with connected() as api:
        found = api.create_workflow(written)
    say(found.model_dump_json() if as_json else f"{found.name}@{found.version}")


@app.command("diff")
def diff(
    name: Name,
    before: Annotated[int, typer.Argument(metavar="BEFORE", min=1, help="The older version.")],
    after: Annotated[int, typer.Argument(metavar="AFTER", min=1, help="The newer version.")],
    as_json: AsJson = False,
) -> None:
    """Show how one version of a workflow differs from another."""
    with connected() as api:
        found = api.workflow_diff(name, before, after)
    from synapse.cli.text import shown_lines

    say(found.model_dump_json() if as_json else shown_lines(found.text).rstrip("\n") or "no difference")


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Usage(f"cannot read {file}: {said}", remedy="name a file of YAML or JSON") from error
