from __future__ import annotations

import json
from pathlib import Path

import pytest

from synapse.errors import Permanent
from synapse.state.blobs import FolderBlobs
from synapse.state.packing import Packer


def test_an_output_up_to_the_limit_is_kept_as_it_is_and_a_larger_one_as_a_pointer(tmp_path: Path) -> None:
    packer = Packer(FolderBlobs(tmp_path), limit=len('{"x":"1234"}'))
    assert packer.pack({"x": "1234"}) == '{"x":"1234"}'
    stored = json.loads(packer.pack({"x": "12345"}))
    assert set(stored) == {"$blob", "bytes"}
    assert packer.unpack(stored) == {"x": "12345"}


def test_what_is_no_pointer_is_what_it_is(tmp_path: Path) -> None:
    packer = Packer(FolderBlobs(tmp_path), limit=10)
    for value in ({"x": 1}, None, [1], {"$blob": "x", "bytes": 1, "more": 2}):
        assert packer.unpack(value) == value


def test_a_limit_is_counted_in_bytes_and_a_lost_blob_is_permanent(tmp_path: Path) -> None:
    packer = Packer(FolderBlobs(tmp_path), limit=10)
    stored = json.loads(packer.pack({"x": "éé"}))
    assert stored["bytes"] == 12
    next(path for path in tmp_path.rglob("*") if path.is_file()).unlink()
    with pytest.raises(Permanent, match="no blob"):
        packer.unpack(stored)
