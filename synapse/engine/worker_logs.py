"""Logs of a worker: the same lines as every other process of Synapse writes, whoever starts it and whatever Celery would make of them."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from celery import signals

from synapse.settings import LogSettings
from synapse.telemetry import logs


def settings_for(loglevel: int | str | None = None) -> LogSettings:
    """Those of the environment, or with ``--loglevel info`` or ``debug`` such as say more; Celery's default would silence every event."""
    settings = LogSettings()
    asked = logging.getLevelName(loglevel.upper()) if isinstance(loglevel, str) else loglevel
    ours = logging.getLevelNamesMapping()[settings.log_level.upper()]
    if not isinstance(asked, int) or not 0 < asked <= logging.INFO or asked >= ours:
        return settings
    return settings.model_copy(update={"log_level": "debug" if asked < logging.INFO else "info"})


def install() -> None:
    """Have Celery's worker set up Synapse's logs in the place of its own. Celery's signals are the process's: once is enough."""
    signals.celeryd_init.connect(_begin, weak=False, dispatch_uid="synapse-logs-begin")
    signals.setup_logging.connect(_set_up, weak=False, dispatch_uid="synapse-logs")


def _begin(instance: Any, **_: Any) -> None:
    """Before Celery has anything to say: what it warns of is a line like any other, and where nobody watches no banner is painted."""
    _set_up()
    if LogSettings().log_format == "json" or not sys.stderr.isatty():
        instance.quiet = True


def _set_up(loglevel: int | str | None = None, logfile: str | None = None, **_: Any) -> None:
    stream = Path(logfile).open("a", buffering=1) if logfile else None  # noqa: SIM115 - for as long as the process lives
    logs.configure(settings_for(loglevel), stream=stream)
    logging.captureWarnings(True)
