"""What a message asks for, read before the SDK is: which scope it needs, and whether it says two things of its revision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from synapse.contracts.principal import Scope

REVISION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
HEADER_MISMATCH: Final = -32020
"""JSON-RPC code of the protocol for a header that contradicts the body."""

WRITING: Final = frozenset({"start_research", "cancel_run"})
"""Tools that change something."""


def message_of(body: bytes) -> dict[str, Any]:
    """The message; empty for what the SDK will refuse anyway."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def scope_of(message: dict[str, Any]) -> Scope:
    """The scope that the message needs."""
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    if message.get("method") == "tasks/cancel":
        return Scope.RUNS_WRITE
    # What is no text is no tool; the SDK will say so.
    writes = message.get("method") == "tools/call" and isinstance(name, str) and name in WRITING
    return Scope.RUNS_WRITE if writes else Scope.RUNS_READ


def starts(message: dict[str, Any]) -> bool:
    """Whether the message starts a run, and so counts as a submission."""
    params = message.get("params")
    return message.get("method") == "tools/call" and isinstance(params, dict) and params.get("name") == "start_research"


def contradicts(message: dict[str, Any], headers: Sequence[str]) -> bool:
    """Whether the message names another revision of the protocol than its headers do, or those name more than one.

    The SDK tells revisions apart by the header alone: a message must not be served as one of a revision that it is not of.
    """
    if len(headers) > 1:
        return True
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    return isinstance(meta, dict) and REVISION_KEY in meta and [meta[REVISION_KEY]] != list(headers)
