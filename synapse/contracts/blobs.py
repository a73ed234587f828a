"""Where big things are kept, whoever keeps them: bytes named by their sha256."""

from __future__ import annotations

from typing import Protocol


class BlobStore(Protocol):
    """A folder when embedded, PostgreSQL or an S3-compatible store when several machines share the blobs."""

    async def put(self, data: bytes) -> str:
        """Store bytes; returns their sha256 in lower-case hex. Storing the same bytes again is harmless.

        Raises `synapse.errors.Transient` when the store does not answer.
        """

    async def get(self, sha256: str) -> bytes:
        """The bytes stored under that name.

        Raises `synapse.errors.Permanent` when there are none, `synapse.errors.Transient` when the store does not answer.
        """
