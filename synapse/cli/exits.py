"""How the command ends: its exit codes, and errors as one line that names the remedy."""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from typing import ClassVar

from synapse.errors import InvalidInput, SynapseError


class Exit(IntEnum):
    """Exit codes; ``synapse --help`` lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    RUN_FAILED = 3
    UNREACHABLE = 4
    INTERRUPTED = 130


class RunFailed(SynapseError):
    """The run did not succeed."""

    code: ClassVar[str] = "run-failed"
    exit: ClassVar[Exit] = Exit.RUN_FAILED


class Usage(InvalidInput):
    """The command was not given what it needs."""

    exit: ClassVar[Exit] = Exit.USAGE


def exit_of(error: SynapseError) -> Exit:
    """The exit code that an error stands for."""
    # By its code: the client that raises it is not imported where it is not used.
    code: Exit = getattr(error, "exit", Exit.UNREACHABLE if error.code == "unreachable" else Exit.FAILED)
    return code


def complain(what: str, remedy: str | None = None) -> None:
    """Say what went wrong, on stderr, and what to do about it."""
    red, bold, reset = ("\x1b[31m", "\x1b[1m", "\x1b[0m") if coloured() else ("", "", "")
    line = " ".join(what.split())
    sys.stderr.write(f"{red}{bold}error:{reset} {line}\n")
    if remedy:
        sys.stderr.write(f"{bold}try:{reset}   {' '.join(remedy.split())}\n")
    sys.stderr.flush()


def coloured() -> bool:
    """Whether stderr shows colours (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
