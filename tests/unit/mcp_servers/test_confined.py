from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.fuzz import paths
from synapse.errors import Permanent, Transient
from synapse.mcp_servers import confined, drafts
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.drafts import Draft
from synapse.mcp_servers.quota import LEDGER, Booked, Limits
from synapse.mcp_servers.ranges import Part
from synapse.mcp_servers.refusals import BadPath, Exists, Missing, NotEmpty, NotPlain, OverQuota, ReadOnly, TooLarge
from tests.waiting import until


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

    monkeypatch.setattr(drafts.os, "fsync", full)
    with pytest.raises(Transient):
        files.save("a", "new")
    monkeypatch.undo()
    assert files.read("a").content == "old"
    assert _temporaries(files) == []


def test_data_are_on_disk_before_the_name_and_the_name_before_the_answer(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("sub/a", "old")
    order: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(descriptor: int) -> None:
        order.append("directory" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        real_fsync(descriptor)

    def rename(*args: object, **kwargs: object) -> None:
        order.append("rename")
        real_rename(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(confined.os, "fsync", fsync)
    monkeypatch.setattr(drafts.os, "rename", rename)
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


def test_a_long_listing_is_read_page_by_page(files: ConfinedFiles) -> None:
    for name in "abcde":
        files.save(name, "x")
    first = files.list("", limit=2)
    assert ([entry.name for entry in first.entries], first.truncated, first.next_cursor) == (["a", "b"], True, "b")
    rest = files.list("", first.next_cursor or "", limit=5)
    assert ([entry.name for entry in rest.entries], rest.truncated, rest.next_cursor) == (["c", "d", "e"], False, None)


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


def test_a_file_that_must_be_new_replaces_nothing(files: ConfinedFiles, tmp_path: Path) -> None:
    files.save("a/new", "first", create_only=True)
    (files.root / "link").symlink_to(tmp_path / "outside" / "new.txt")
    (files.root / "folder").mkdir()
    for name in ("a/new", "link", "folder"):
        with pytest.raises(Exists):
            files.save(name, "second", create_only=True)
    assert files.read("a/new").content == "first"
    assert not (tmp_path / "outside" / "new.txt").exists()
    assert _temporaries(files) == []


def test_one_of_two_writers_of_a_new_file_is_told_that_it_is_there(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Draft.publish

    def overtaken(draft: Draft, name: str, *, replace: bool) -> None:
        (files.root / name).write_text("theirs")
        real(draft, name, replace=replace)

    monkeypatch.setattr(Draft, "publish", overtaken)
    with pytest.raises(Exists):
        files.save("a", "mine", create_only=True)
    assert files.read("a").content == "theirs"
    assert _temporaries(files) == []


def test_a_part_of_a_file_says_where_it_lies_and_where_to_go_on(files: ConfinedFiles) -> None:
    files.save("a", "one\ntwo\nthree\n")
    part = files.read("a", Part(first_line=2, lines=1))
    assert (part.content, part.offset, part.total_bytes) == ("two\n", 4, 14)
    assert part.sha256 == hashlib.sha256(b"two\n").hexdigest()
    rest = files.read("a", Part(cursor=part.next_cursor))
    assert (rest.content, rest.next_cursor) == ("three\n", None)


def test_what_is_at_a_path_is_told_without_reading_it(files: ConfinedFiles, tmp_path: Path) -> None:
    files.save("a/b", "xyz")
    assert (files.stat("a/b").kind, files.stat("a/b").bytes, files.stat("a/b").read_only) == ("file", 3, False)
    assert files.stat("a/b").modified.timestamp() == pytest.approx((files.root / "a" / "b").stat().st_mtime)
    assert (files.stat("a").kind, files.stat("").kind, files.stat("").path) == ("directory", "directory", "")
    (files.root / "link").symlink_to(tmp_path / "outside" / "secret.txt")
    os.link(tmp_path / "outside" / "secret.txt", files.root / "hard")
    os.mkfifo(files.root / "fifo")
    for name in ("link", "hard", "fifo"):
        with pytest.raises(NotPlain):
            files.stat(name)
    with pytest.raises(Missing):
        files.stat("nothing")


def test_the_hash_of_a_file_is_that_of_its_bytes(files: ConfinedFiles, tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    (files.root / "binary").write_bytes(data)
    assert (files.hash("binary").sha256, files.hash("binary").bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    (files.root / "link").symlink_to(tmp_path / "outside" / "secret.txt")
    with pytest.raises(NotPlain):
        files.hash("link")


def test_a_file_too_large_to_hash_is_refused(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("a", "12345")
    monkeypatch.setattr(confined, "_HASHED", 4)
    with pytest.raises(TooLarge):
        files.hash("a")


def test_a_file_and_a_directory_are_moved_with_directories_made_on_the_way(files: ConfinedFiles) -> None:
    files.save("a/b", "x")
    assert files.move("a/b", "c/d/e").path == "c/d/e"
    assert files.move("c", "f").replaced is False
    assert files.read("f/d/e").content == "x"
    assert not files.check("c")


def test_a_file_in_the_way_is_replaced_only_when_asked_to(files: ConfinedFiles) -> None:
    files.save("a", "new")
    files.save("b", "old")
    with pytest.raises(Exists):
        files.move("a", "b")
    assert files.read("b").content == "old"
    assert files.move("a", "b", overwrite=True).replaced
    assert files.read("b").content == "new"
    assert not files.check("a")


def test_a_file_that_comes_between_is_not_replaced_by_a_move(files: ConfinedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("a", "mine")
    monkeypatch.setattr(confined, "_replaceable", lambda *_, **__: None)
    (files.root / "b").write_text("theirs")
    with pytest.raises(Exists):
        files.move("a", "b")
    assert (files.root / "b").read_text() == "theirs"


@pytest.mark.parametrize(
    ("source", "target"),
    [("a", "a/b"), ("a", "a"), ("", "b"), ("a", ""), ("../outside/secret.txt", "b"), ("file", "../outside/b"), ("file", "link/b"),
     ("link/secret.txt", "b"), ("link", "b"), ("hard", "b"), ("fifo", "b"), ("file", "link"), ("file", "hard"), ("file", "a"),
     ("a", "file"), ("nothing", "b")],
)  # fmt: skip
def test_neither_end_of_a_move_leaves_the_root_or_touches_what_is_no_file(
    files: ConfinedFiles, tmp_path: Path, source: str, target: str
) -> None:
    files.save("a/x", "x")
    files.save("file", "file")
    (files.root / "link").symlink_to(tmp_path / "outside")
    os.link(tmp_path / "outside" / "secret.txt", files.root / "hard")
    os.mkfifo(files.root / "fifo")
    before = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    for overwrite in (False, True):
        if (source, overwrite) == ("a", True) and target == "a":
            continue  # moving a directory to where it is changes nothing
        with pytest.raises(Permanent):
            files.move(source, target, overwrite=overwrite)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == before


def test_moving_a_file_to_where_it_is_changes_nothing(files: ConfinedFiles) -> None:
    files.save("a", "x")
    assert not files.move("a", "a", overwrite=True).replaced
    assert files.read("a").content == "x"


def test_a_file_or_an_empty_directory_is_deleted(files: ConfinedFiles) -> None:
    files.save("a/b", "x")
    with pytest.raises(NotEmpty):
        files.delete("a")
    assert files.delete("a/b").kind == "file"
    assert files.delete("a").kind == "directory"
    with pytest.raises(Missing):
        files.delete("a")
    with pytest.raises(BadPath):
        files.delete("")


def test_what_a_killed_writer_left_does_not_keep_a_directory_from_being_deleted(files: ConfinedFiles) -> None:
    files.save("a/b", "x")
    files.delete("a/b")
    (files.root / "a" / ".synapse-0123456789abcdef").write_text("half")
    files.delete("a")
    assert not files.check("a")


def test_links_and_devices_are_not_deleted(files: ConfinedFiles, tmp_path: Path) -> None:
    (files.root / "link").symlink_to(tmp_path / "outside")
    os.link(tmp_path / "outside" / "secret.txt", files.root / "hard")
    os.mkfifo(files.root / "fifo")
    for path in ("link", "hard", "fifo", "link/secret.txt"):
        with pytest.raises(NotPlain):
            files.delete(path)
    assert len(list(files.root.iterdir())) == 3


def test_nothing_is_written_in_a_root_for_reading(files: ConfinedFiles) -> None:
    files.save("a", "x")
    reader = ConfinedFiles(files.root, read_only=True)
    for attempt in (
        lambda: reader.save("b", "x"),
        lambda: reader.move("a", "b"),
        lambda: reader.delete("a"),
    ):
        with pytest.raises(ReadOnly):
            attempt()
    assert reader.read("a").content == "x"
    assert reader.stat("a").read_only
    assert [path.name for path in files.root.iterdir()] == ["a"]
    with pytest.raises(ReadOnly):
        ConfinedFiles(files.root / "missing", read_only=True).save("a", "x")
    assert not (files.root / "missing").exists()


def test_what_is_saved_moved_and_deleted_is_booked(tmp_path: Path) -> None:
    files = ConfinedFiles(tmp_path, limits=Limits(bytes=10, entries=4))

    def held() -> tuple[int, int]:
        booked = json.loads((tmp_path / LEDGER).read_text())
        assert booked["drafts"] == {}
        return booked["bytes"], booked["entries"]

    files.save("a/b/c", "12345")
    assert held() == (5, 3)
    files.save("a/b/c", "12345678")
    assert held() == (8, 3)
    files.save("a/b/c", "1")
    assert held() == (1, 3)
    files.save("d", "123456789")
    assert held() == (10, 4)
    files.move("d", "a/b/c", overwrite=True)
    assert held() == (9, 3)
    files.move("a/b/c", "c")
    files.delete("a/b")
    assert held() == (9, 2)
    files.delete("c")
    assert held() == (0, 1)
    assert ConfinedFiles(tmp_path).list("").entries[0].name == "a"


def test_a_root_holds_no_more_than_it_may(tmp_path: Path) -> None:
    files = ConfinedFiles(tmp_path, limits=Limits(bytes=10, entries=3))
    files.save("a", "12345678")
    with pytest.raises(OverQuota, match="10 bytes"):
        files.save("b", "123")
    files.save("a", "1234567890")
    with pytest.raises(OverQuota):
        files.save("a", "12345678901")
    files.save("a", "")
    files.save("b/c", "")
    for attempt in (lambda: files.save("d", ""), lambda: files.save("e/f/g", ""), lambda: files.move("a", "h/a")):
        with pytest.raises(OverQuota, match="3 files and directories"):
            attempt()
    assert files.read("a").content == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEDGER, "a", "b"]


def test_a_write_that_fails_gives_back_the_room_it_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ConfinedFiles(tmp_path, limits=Limits(bytes=10))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    for broken in ("write", "publish"):
        monkeypatch.setattr(Draft, broken, lambda *_, **__: full())
        with pytest.raises(Transient):
            files.save("a", "1234567890")
        monkeypatch.undo()
        assert json.loads((tmp_path / LEDGER).read_text()) | {"counted_at": 0, "counting_took": 0} == Booked().model_dump(mode="json")
    files.save("a", "1234567890")


def test_room_is_kept_while_a_file_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, other = (ConfinedFiles(tmp_path, limits=Limits(bytes=10)) for _ in range(2))
    real = Draft.write

    def meanwhile(draft: Draft, data: bytes) -> None:
        monkeypatch.setattr(Draft, "write", real)
        with pytest.raises(OverQuota):
            other.save("b", "12345")
        real(draft, data)

    monkeypatch.setattr(Draft, "write", meanwhile)
    files.save("a", "1234567")
    other.save("b", "123")


def test_files_that_somebody_else_removed_make_room(tmp_path: Path) -> None:
    files = ConfinedFiles(tmp_path, limits=Limits(bytes=10))
    files.save("a", "1234567890")
    (tmp_path / "a").unlink()
    until(lambda: _saves(files, "b", "1234567890"), "the root is counted again")


def _saves(files: ConfinedFiles, path: str, content: str) -> bool:
    with contextlib.suppress(OverQuota):
        return files.save(path, content).bytes > 0
    return False


@pytest.fixture(scope="module")
def tree() -> Iterator[paths.Tree]:
    made, folder = paths.tree()
    with folder:
        yield made


@given(st.randoms().map(paths.make) | st.text(max_size=30))
@example("out/secret.txt")
@example("hard.txt")
@example("up/secret.txt")
@example("../root-sibling/secret.txt")
def test_no_path_reads_or_changes_what_is_outside_by_either_way_down(tree: paths.Tree, path: str) -> None:
    tree.check(path)
    tree.write(path)
