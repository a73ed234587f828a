from __future__ import annotations

import inspect

from synapse.contracts.blobs import BlobStore
from synapse.tools.memory import MemoryBlobs


def test_the_shipped_twin_has_every_method_of_the_protocol_with_its_parameters() -> None:
    for name in ("put", "get"):
        protocol = inspect.signature(getattr(BlobStore, name))
        assert inspect.signature(getattr(MemoryBlobs, name)).parameters.keys() == protocol.parameters.keys()
