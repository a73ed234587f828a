"""What every command that asks the API begins and ends with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synapse.cli.client import Api


def connected(*, within: float | None = None) -> Api:
    """The API that the settings name; what is logged stays off the terminal. Loaded now: ``--help`` waits for no client.

    ``within`` is for those who cannot wait: seconds that it has to answer.
    """
    from synapse.cli.client import Api
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    return Api.from_settings(within=within)


def say(text: str) -> None:
    """A line on stdout."""
    sys.stdout.write(text + "\n")
