"""What Synapse adds to an MCP call: keys of the request's and of the result's ``_meta``.

A foreign client may leave all of them out, and may ignore those of the result.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import Field

from synapse.contracts.evidence import Frozen

RUN: Final = "synapse/run"
STEP: Final = "synapse/step"
AGENT: Final = "synapse/agent"
ATTEMPT: Final = "synapse/attempt"
IDEMPOTENCY_KEY: Final = "synapse/idempotency-key"
SECONDS_LEFT: Final = "synapse/seconds-left"
"""Of a call: how long its caller waits at most. Seconds, not a time: two machines' clocks need not agree."""
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
    """Of the content, in UTF-8: of the whole file when nothing less was asked for."""
    offset: int = 0
    """Where the content begins in the file, in bytes."""
    total_bytes: int | None = None
    """How large the file is."""
    next_cursor: str | None = None
    """Where to go on; None at the end of the file."""


class FileStatus(Frozen):
    """What is at a path."""

    path: str
    kind: str
    """'file' or 'directory'."""
    bytes: int
    modified: datetime
    read_only: bool
    """Whether nothing may be written in its root."""


class FileHash(Frozen):
    """The digest of a file's bytes, whatever they are."""

    path: str
    sha256: str
    bytes: int


class MovedFile(Frozen):
    """A file or directory under its new path."""

    source: str
    path: str
    replaced: bool
    """Whether there was a file of that name before."""


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
    next_cursor: str | None = None
    """Where to go on; None at the end of the directory."""


class PathVerdict(Frozen):
    """Whether a path could be written or read, and why not."""

    path: str
    valid: bool
    exists: bool
    reason: str | None = None
