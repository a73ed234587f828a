"""The Celery task message of a hint: what `apply_async` would send, built directly, for it is the hot path.

It carries ids only: the run, the step's place, the workflow's digest. Whoever gets it asks the ledger for the rest.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from synapse.contracts.agent import queue_of
from synapse.state.records import Hint

_ORIGIN = f"gen{os.getpid()}@{socket.gethostname()}"
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def task_id(hint: Hint) -> str:
    """The same for every message about the step: Flower shows one row, and a revoke finds it."""
    return f"{hint.run}:{hint.place}"


def body(hint: Hint) -> str:
    """Celery's protocol 2: args, kwargs, embedded canvas."""
    return json.dumps([[hint.run, hint.place, hint.digest], {}, _EMBED], separators=(",", ":"))


def headers(hint: Hint) -> dict[str, Any]:
    """Celery's protocol 2 headers, those it asks for and those Flower shows; the run is the root of all its tasks."""
    made: dict[str, Any] = {
        "lang": "py",
        "task": f"synapse.{hint.agent}",
        "id": task_id(hint),
        "root_id": hint.run,
        "argsrepr": f"('{hint.run}', '{hint.place}')",
        "origin": _ORIGIN,
        "ignore_result": True,
    }
    if hint.traceparent:
        made["traceparent"] = hint.traceparent
    return made


def properties(hint: Hint) -> dict[str, Any]:
    """AMQP properties: on disk, and correlated with the task."""
    return {"delivery_mode": 2, "correlation_id": task_id(hint)}


def queue(hint: Hint) -> str:
    """Where it goes."""
    return queue_of(hint.agent)
