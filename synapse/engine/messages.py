"""What is published: the Celery task message of a hint, as `apply_async` would send it, and the message of an event.

A hint carries ids only: the run, the step's place, the workflow's digest. Whoever gets it asks the ledger for the rest.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from synapse.contracts.agent import queue_of
from synapse.contracts.messages import Event
from synapse.engine.frames import Publication
from synapse.engine.topology import EVENTS
from synapse.state.records import Hint

WIRE = 1
"""Version of a hint's body. A new one is written only when every worker can read it: see docs/explanation/versions.md."""
WIRE_HEADER = "synapse_wire"

_ORIGIN = f"gen{os.getpid()}@{socket.gethostname()}"
_PLAIN = {"content_type": "application/json", "content_encoding": "utf-8", "delivery_mode": 2}
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def task_id(hint: Hint) -> str:
    """The same for every message about the step, in every version: Flower shows one row, and a revoke finds it."""
    return f"{hint.run}:{hint.place}"


def of_hint(hint: Hint) -> Publication:
    """Celery's protocol 2, on disk, to the agent's queue: one that is not there would swallow it in silence, so it is mandatory."""
    properties = {**_PLAIN, "headers": _headers(hint), "correlation_id": task_id(hint), "priority": hint.priority}
    # Args, kwargs, embedded canvas.
    body = json.dumps([[hint.run, hint.place, hint.digest], {}, _EMBED], separators=(",", ":"))
    return Publication("", queue_of(hint.agent), body.encode(), properties, mandatory=True)


def _headers(hint: Hint) -> dict[str, Any]:
    """Those that Celery asks for and those that Flower shows; the run is the root of all its tasks."""
    made: dict[str, Any] = {
        "lang": "py",
        "task": f"synapse.{hint.agent}",
        "id": task_id(hint),
        "root_id": hint.run,
        "argsrepr": f"('{hint.run}', '{hint.place}')",
        "origin": _ORIGIN,
        "ignore_result": True,
        WIRE_HEADER: WIRE,
    }
    if hint.traceparent:
        made["traceparent"] = hint.traceparent
    return made


def of_event(event: Event) -> Publication:
    """The event as plain JSON under its routing key; who takes one twice knows it by its id."""
    properties = {**_PLAIN, "message_id": f"{event.run}:{event.seq}", "type": event.type.value}
    return Publication(EVENTS.name, event.routing_key, event.model_dump_json().encode(), properties)
