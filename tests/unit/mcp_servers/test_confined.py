from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from synapse.errors import Permanent, Transient
from synapse.mcp_servers import confined
from synapse.mcp_servers.confined import ConfinedFiles


@pytest.fixture
def files(tmp_path: Path) -> ConfinedFiles:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    (tmp_path / "root-sibling").mkdir()
    return ConfinedFiles(tmp_path / "root", max_bytes=1000)


def _temporaries(files: ConfinedFiles) -> list[Path]:
    return list(files.root.rglob(".synapse-*"))


def test_a_file_is_saved_with_its_directories_and_read_back(files: ConfinedFiles) -> None:
    saved = files.save("a/b/answer.md", "Grüße")
    assert (saved.path, saved.bytes) == ("a/b/answer.md", 7)
    assert saved.sha256 == hashlib.sha256("Grüße".encode()).hexdigest()
    assert saved.uri == (files.root / "a/b/answer.md").as_uri()
    assert files.read("a/b/answer.md").content == "Grüße"
    assert _temporaries(files) == []


def test_the_root_is_made_when_the_first_file_is_saved(tmp_path: Path) -> None:
    ConfinedFiles(tmp_path / "x" / "y").save("a", "b")
    assert (tmp_path / "x" / "y" / "a").read_text() == "b"


def test_saving_again_replaces_the_file_whole(files: ConfinedFiles) -> None:
    files.save("a", "long " * 100)
    files.save("a", "short")
    assert files.read("a").content == "short"


@pytest.mark.parametrize("path", ["../outside/secret.txt", "../root-sibling/x", "/etc/hostname", "a/../../outside/secret.txt", "", "."])
def test_nothing_outside_the_root_has_a_path(files: ConfinedFiles, path: str) -> None:
    with pytest.raises(Permanent):
        files.read(path)
    with pytest.raises(Permanent):
        files.save(path, "x")


def test_a_link_as_the_file_is_neither_read_nor_written_over(files: ConfinedFiles, tmp_path: Path) -> None:
    (files.root / "leaf").symlink_to(tmp_path / "outside" / "secret.txt")
    (files.root / "dangling").symlink_to(tmp_path / "outside" / "new.txt")
    for name in ("leaf", "dangling"):
        with pytest.raises(Permanent):
            files.read(name)
        with pytest.raises(Permanent):
            files.save(name, "x")
    assert (tmp_path / "outside" / "secret.txt").read_text() == "secret"
    assert not (tmp_path / "outside" / "new.txt").exists()


def test_a_link_on_the_way_is_not_followed(files: ConfinedFiles, tmp_path: Path) -> None:
    (files.root / "way").symlink_to(tmp_path / "outside")
    (files.root / "inner").mkdir()
    (files.root / "chained").symlink_to("inner")
    for path in ("way/secret.txt", "chained/x"):
        with pytest.raises(Permanent):
            files.read(path)
        with pytest.raises(Permanent):
            files.save(path, "x")
    with pytest.raises(Permanent):
        files.list("way")
    assert sorted(entry.name for entry in (tmp_path / "outside").iterdir()) == ["secret.txt"]


def test_a_hard_link_is_neither_read_nor_replaced(files: ConfinedFiles, tmp_path: Path) -> None:
    os.link(tmp_path / "outside" / "secret.txt", files.root / "hard")
    with pytest.raises(Permanent, match="hard link"):
        files.read("hard")
    with pytest.raises(Permanent, match="hard link"):
        files.save("hard", "x")


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(files: ConfinedFiles) -> None:
    os.mkfifo(files.root / "fifo")
    (files.root / "directory").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        old = Path.cwd()
        os.chdir(files.root)
        try:
            listener.bind("socket")
        finally:
            os.chdir(old)
        for name in ("fifo", "directory", "socket"):
            with pytest.raises(Permanent):
                files.read(name)
            with pytest.raises(Permanent):
                files.save(name, "x")


def test_a_file_system_mounted_below_the_root_is_not_entered(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("mounted/a", "x")
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        if Path(f"/proc/self/fd/{descriptor}").readlink().name != "mounted":
            return status
        return os.stat_result((status.st_mode, status.st_ino, status.st_dev + 1, *status[3:]))

    monkeypatch.setattr(confined.os, "fstat", fstat)
    for attempt in (lambda: files.list("mounted"), lambda: files.save("mounted/b", "x"), lambda: files.read("mounted/a")):
        with pytest.raises(Permanent, match="another file system"):
            attempt()


def test_a_parent_swapped_for_a_link_while_files_are_read_never_leads_outside(files: ConfinedFiles, tmp_path: Path) -> None:
    (files.root / "real").mkdir()
    (files.root / "real" / "secret.txt").write_text("inside")
    (files.root / "real").rename(files.root / "parent")
    stop = threading.Event()

    def swap() -> None:
        parent, away = files.root / "parent", files.root / "away"
        while not stop.is_set():
            # A file saved in the gap makes the parent anew: each step may fail, and the next round begins from whatever there is.
            with contextlib.suppress(OSError):
                parent.rename(away)
            with contextlib.suppress(OSError):
                parent.symlink_to(tmp_path / "outside")
            with contextlib.suppress(OSError):
                parent.unlink()
            with contextlib.suppress(OSError):
                if away.exists():
                    shutil.rmtree(parent, ignore_errors=True)
                    away.rename(parent)

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        seen = set()
        for number in range(400):
            for attempt in (
                lambda: files.read("parent/secret.txt").content,
                lambda number=number: files.save(f"parent/new{number}", "x").path,
            ):
                try:
                    seen.add(attempt())
                except Permanent:
                    continue
        assert "inside" in seen
        assert "secret" not in seen
        assert [entry.name for entry in (tmp_path / "outside").iterdir()] == ["secret.txt"]
    finally:
        stop.set()
        attacker.join(10)


def test_a_file_too_large_or_not_text_is_refused(files: ConfinedFiles) -> None:
    with pytest.raises(Permanent, match="larger"):
        files.save("big", "x" * 1001)
    (files.root / "big").write_text("x" * 1001)
    with pytest.raises(Permanent, match="larger"):
        files.read("big")
    (files.root / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Permanent, match="UTF-8"):
        files.read("binary")
    with pytest.raises(Permanent, match="UTF-8"):
        files.save("lone", "\ud800")


def test_a_full_disk_is_transient_and_leaves_the_old_file_and_no_litter(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("a", "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(confined.os, "fsync", full)
    with pytest.raises(Transient):
        files.save("a", "new")
    monkeypatch.undo()
    assert files.read("a").content == "old"
    assert _temporaries(files) == []


def test_data_are_on_disk_before_the_name_and_the_name_before_the_answer(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("sub/a", "old")
    order: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        order.append("directory" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        real_fsync(descriptor)

    def replace(*args: object, **kwargs: object) -> None:
        order.append("rename")
        real_replace(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(confined.os, "fsync", fsync)
    monkeypatch.setattr(confined.os, "replace", replace)
    files.save("sub/a", "new")
    assert order == ["file", "rename", "directory"]


def test_a_listing_shows_files_and_directories_and_nothing_else(files: ConfinedFiles, tmp_path: Path) -> None:
    files.save("b.md", "bb")
    files.save("a/x", "x")
    (files.root / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(files.root / "fifo")
    (files.root / ".synapse-left-over").write_text("x")
    listing = files.list("")
    assert [(entry.name, entry.kind, entry.bytes) for entry in listing.entries] == [("a", "directory", 0), ("b.md", "file", 2)]
    with pytest.raises(Permanent):
        files.list("missing")


def test_a_long_listing_is_cut_and_says_so(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "_LISTED", 2)
    for name in "abc":
        files.save(name, "x")
    listing = files.list("")
    assert len(listing.entries) == 2
    assert listing.truncated


def test_checking_a_path_tells_whether_it_is_there(files: ConfinedFiles) -> None:
    files.save("a/b", "x")
    assert files.check("a/b")
    assert files.check("a")
    assert files.check("")
    assert not files.check("a/c")
    assert not files.check("x/y/z")
    with pytest.raises(Permanent):
        files.check("../x")


def test_errors_name_no_path_of_the_machine(files: ConfinedFiles) -> None:
    with pytest.raises(Permanent) as missing:
        files.read("no/such/file")
    assert str(files.root) not in str(missing.value)
