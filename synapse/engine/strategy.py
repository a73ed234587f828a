"""What a worker makes of a message before it is a task: one that no task can be made of is given up, not met again and again.

Celery's own strategy raises KeyError or TypeError for it, which ends the worker, and the broker delivers it to the next one.
One of a newer version is left to a worker of that version.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery.exceptions import InvalidTaskError
from celery.worker.strategy import default

from synapse.engine import newer
from synapse.engine.messages import WIRE, WIRE_HEADER

_log = logging.getLogger(__name__)  # Celery's hands to it what a standard logger takes
ARGUMENTS = ("run", "place", "digest")
"""Arguments of a hint, all strings."""


def hints_only(task: Any, app: Any, consumer: Any) -> Callable[..., Any]:
    """Celery's strategy for messages that are hints; InvalidTaskError, which rejects it, for any other."""
    handle = default(task, app, consumer)

    def handle_hint(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any) -> Any:
        if newer.is_newer(message):
            reason = f"its message is of version {message.headers[WIRE_HEADER]}, and this worker reads version {WIRE}"
            if newer.pass_on(app.runtime.database.ledger, message, reason):
                message.ack_log_error(_log, consumer.connection_errors)
                return None
        fault = fault_of(message)
        if fault is not None:
            raise InvalidTaskError(fault)
        return handle(message, body, ack, reject, callbacks)

    return handle_hint


def fault_of(message: Any) -> str | None:
    """Why a delivery is no hint; None for one that is. The payload is decoded once, and Celery finds it so."""
    headers = message.headers
    if not isinstance(headers.get("id"), str):
        return "it has no id"
    if headers.get("eta") is not None or headers.get("expires") is not None:
        return "a hint is due at once and never expires: the ledger knows when a step is due"
    if headers.get("timelimit") not in (None, [None, None], (None, None)):
        return "a hint carries no time limits: its step does"
    try:
        payload = message.payload
    except Exception as error:
        # Whatever a serializer raises for bytes that are not its own.
        return f"it cannot be decoded: {type(error).__name__}"
    if not isinstance(payload, (list, tuple)) or len(payload) != 3:
        return "its body is not arguments, keywords and options"
    return _fault_of_arguments(payload[0], payload[1])


def _fault_of_arguments(arguments: Any, keywords: Any) -> str | None:
    if not isinstance(arguments, (list, tuple)) or len(arguments) != len(ARGUMENTS) or keywords:
        return f"its arguments are not {', '.join(ARGUMENTS)}"
    return None if all(isinstance(each, str) for each in arguments) else "its arguments are not strings"
