"""Celery's `worker` command by itself.

The `celery` program loads every command that there is before it looks at an application: an interactive shell, Flower and its web server.
A worker keeps them for as long as it lives, a fifth of its memory for what it never runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import celery
import click
from celery.bin.base import CLIContext
from celery.bin.worker import worker


def work(app: Any, arguments: Sequence[str]) -> int:
    """Run a worker of the application with options of Celery's own, until it is told to stop; its exit code. Raises click's exceptions."""
    if {"-D", "--detach"} & set(arguments):
        raise click.UsageError("a worker stays in the foreground; have systemd or 'celery -A synapse worker --detach' keep it elsewhere")
    # What gevent replaces it replaces before anything uses it; Celery's own program begins with this, too.
    celery.maybe_patch_concurrency(["worker", *arguments])
    context = CLIContext(app=app, no_color=None, workdir=None)
    code = worker.main(list(arguments), prog_name="synapse worker", standalone_mode=False, obj=context, auto_envvar_prefix="CELERY_WORKER")
    return int(code or 0)
