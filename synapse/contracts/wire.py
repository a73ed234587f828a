"""What Synapse adds to an MCP call: keys of the request's and of the result's ``_meta``.

A foreign client may leave all of them out, and may ignore those of the result.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from synapse.contracts.evidence import Frozen

RUN: Final = "synapse/run"
STEP: Final = "synapse/step"
AGENT: Final = "synapse/agent"
ATTEMPT: Final = "synapse/attempt"
IDEMPOTENCY_KEY: Final = "synapse/idempotency-key"
TRACEPARENT: Final = "traceparent"
ERROR: Final = "synapse/error"
"""Of a failed result: a `ToolFault` as JSON."""

REQUEST_ID_HEADER: Final = "x-request-id"
"""HTTP header that carries the idempotency key, so that access logs of both sides can be joined."""


class ToolFault(Frozen):
    """A tool's failure as a program reads it; the text beside it is for people."""

    code: str
    """A code of `synapse.errors`, e.g. 'permanent'."""
    retryable: bool
    """Whether trying the same call again may help."""
    message: str
    retry_after: float | None = Field(default=None, ge=0, exclude_if=lambda value: value is None)
    """Seconds to wait before that, where whoever failed asked for a pause."""


class FileContent(Frozen):
    """A text file that was read."""

    path: str
    """Relative to its root."""
    content: str
    sha256: str


class DirectoryEntry(Frozen):
    """One name in a directory."""

    name: str
    kind: str
    """'file' or 'directory'; anything else is not listed."""
    bytes: int


class DirectoryListing(Frozen):
    """What a directory holds, by name."""

    path: str
    entries: tuple[DirectoryEntry, ...]
    truncated: bool = False
    """Whether there are more entries than are listed."""


class PathVerdict(Frozen):
    """Whether a path could be written or read, and why not."""

    path: str
    valid: bool
    exists: bool
    reason: str | None = None
