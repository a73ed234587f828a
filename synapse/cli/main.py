"""The ``synapse`` command: what there is, and how every command ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final

import typer

from synapse import __version__
from synapse.cli import (
    answers,
    dead,
    keys,
    new,
    operations,
    profile,
    runs,
    schedules,
    starting,
    topology,
    upkeep,
    usage,
    webhooks,
    workflows,
)
from synapse.cli.exits import Exit, complain, exit_of
from synapse.errors import SynapseError

_EPILOG: Final = (
    "Exit codes: 0 it worked; 1 it did not; 2 the command was used wrongly; 3 the run failed or was cancelled; "
    "4 the API cannot be reached; 130 interrupted.  Settings: SYNAPSE_API_URL, SYNAPSE_API_TOKEN, SYNAPSE_HOME, SYNAPSE_DATABASE_URL, "
    "SYNAPSE_BROKER_URL, SYNAPSE_LOG_LEVEL and the others that docs/reference lists."
)
app = typer.Typer(
    name="synapse",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=_EPILOG,
    help="Ask a question; get a report in which every statement is tied to a quote in a stored page.",
)
app.command()(starting.up)
app.command()(starting.demo)
app.command()(answers.research)
app.add_typer(runs.app, name="runs")
app.add_typer(schedules.app, name="schedules")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(workflows.app, name="workflows")
app.add_typer(new.app, name="new")
app.add_typer(dead.app, name="dead")
app.add_typer(keys.app, name="keys")
app.add_typer(topology.app, name="topology")
app.command()(answers.report)
app.command()(answers.verify)
app.command("usage")(usage.usage)
app.command("queues")(operations.queues)
app.command("workers")(operations.workers)
app.command("profile")(profile.profile)
app.command()(upkeep.index)
app.command()(upkeep.doctor)
app.command()(starting.api)
app.command()(starting.mcp)
# Its options are Celery's, which reads them itself.
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})(starting.worker)
app.add_typer(upkeep.database, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"synapse {__version__}\n")
        raise typer.Exit


@app.callback()
def synapse(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say which version this is, and exit."),
) -> None:
    """Take the options that come before a command."""


def run(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code. Whatever goes wrong is one line on stderr."""
    try:
        return int(app(args=arguments, prog_name="synapse", standalone_mode=False) or Exit.OK)
    except SynapseError as error:
        where = f"{error.field}: " if error.field else ""
        complain(f"{where}{error.detail}", error.remedy)
        return exit_of(error)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    for kind, explain in _FOREIGN.items():
        if any(kind in (f"{base.__module__}.{base.__qualname__}") for base in type(error).__mro__):
            return explain(error)
    if os.environ.get("SYNAPSE_LOG_LEVEL", "").lower() == "debug":
        raise error
    complain(f"{type(error).__name__}: {error}", "set SYNAPSE_LOG_LEVEL=debug to see where it comes from")
    return Exit.FAILED


def _usage(error: Any) -> int:
    context = getattr(error, "ctx", None)
    complain(error.format_message(), f"{context.command_path} --help" if context is not None else "synapse --help")
    return Exit.USAGE


def _setting(error: Any) -> int:
    first = error.errors(include_url=False)[0]
    name = "_".join(str(part) for part in first["loc"]).upper()
    # What concerns several variables names them itself.
    said = first["msg"].removeprefix("Value error, ")
    complain(f"SYNAPSE_{name}: {said}" if name else said, "correct the variable, or unset it")
    return Exit.USAGE


# By name: these classes need not be imported, which would cost every start their time.
_FOREIGN: Final[dict[str, Callable[[Any], int]]] = {
    "exceptions.ClickException": _usage,
    "SettingsError": _setting,
    "ValidationError": _setting,
}


def main() -> None:
    """Run the command and exit."""
    sys.exit(run())


if __name__ == "__main__":
    main()
