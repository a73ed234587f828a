from __future__ import annotations

import os
from pathlib import Path

from synapse.mcp_servers.census import count
from synapse.mcp_servers.drafts import new_draft


def test_files_and_directories_are_counted_and_no_link_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("12345")
    (root / "other").write_text("123")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "big").write_text("x" * 1000)
    (root / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "fifo")
    (root / ".synapse-ledger").write_text("{}")
    found = count(os.open(root, os.O_RDONLY), {})
    assert (found.bytes, found.entries, found.drafts) == (8, 6, {})


def test_a_draft_counts_as_what_it_was_promised_while_its_writer_lives(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    dead = tmp_path / "sub" / f".synapse-{'0' * 16}"
    dead.write_text("half")
    folder = os.open(tmp_path / "sub", os.O_RDONLY)
    with new_draft(folder) as promised, new_draft(folder) as stranger:
        found = count(os.open(tmp_path, os.O_RDONLY), {promised.token: (7, 1), "0" * 16: (9, 1), "f" * 16: (3, 1)})
        assert (found.bytes, found.entries, found.drafts) == (0, 1, {promised.token: (7, 1)})
        assert {path.name for path in (tmp_path / "sub").iterdir()} == {promised.name, stranger.name}


def test_directories_far_down_end_the_count_and_not_the_server(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=folder)
        folder = os.open("d", os.O_RDONLY, dir_fd=folder)
    assert 64 <= count(os.open(tmp_path, os.O_RDONLY), {}).entries <= 200
