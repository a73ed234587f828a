from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from synapse.errors import Permanent
from synapse.state.blobs import FolderBlobs, SqlBlobs
from tests.unit.state.house import House


@pytest.fixture(params=["folder", "sql"])
def blobs(request: pytest.FixtureRequest, house: House, tmp_path: Path) -> FolderBlobs | SqlBlobs:
    return FolderBlobs(tmp_path / "blobs") if request.param == "folder" else SqlBlobs(house.database.driver)


async def test_bytes_are_kept_under_their_sha256_however_often_they_are_stored(blobs: FolderBlobs | SqlBlobs) -> None:
    data = bytes(range(256))
    assert await blobs.put(data) == hashlib.sha256(data).hexdigest() == await blobs.put(data)
    assert await blobs.get(hashlib.sha256(data).hexdigest()) == data


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
async def test_what_was_never_stored_or_is_no_name_is_refused_for_good(blobs: FolderBlobs | SqlBlobs, name: str) -> None:
    with pytest.raises(Permanent):
        await blobs.get(name)


def test_a_blob_that_could_not_be_written_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        FolderBlobs(tmp_path).put_now(b"x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
