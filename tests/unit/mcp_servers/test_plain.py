from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from synapse.errors import Transient
from synapse.mcp_servers import plain
from synapse.mcp_servers.descent import Descent, descent
from synapse.mcp_servers.plain import open_plain
from synapse.mcp_servers.refusals import NotPlain


class Meddled:
    """The usual way, with somebody who acts right after the file was opened."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.acts = list(acts)

    def open(self, root: int, names: Sequence[str], flags: int) -> int:
        descriptor = descent().open(root, names, flags)
        if self.acts:
            self.acts.pop(0)()
        return descriptor


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "root"


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def _read(root: Path, name: str, way: Descent | None = None) -> bytes:
    folder = os.open(root, os.O_RDONLY)
    before = _descriptors()
    try:
        opened = open_plain(way or descent(), folder, (name,))
        try:
            return os.read(opened, 100)
        finally:
            os.close(opened)
    finally:
        assert _descriptors() == before, "a descriptor stays open"
        os.close(folder)


def test_a_regular_file_is_opened(root: Path) -> None:
    (root / "a").write_text("x")
    assert _read(root, "a") == b"x"


def test_a_file_whose_name_ends_like_that_of_a_removed_one_is_refused(root: Path) -> None:
    (root / "a (deleted)").write_text("x")
    with pytest.raises(NotPlain, match="removed file"):
        _read(root, "a (deleted)")


def test_a_hard_link_moved_elsewhere_while_it_is_looked_at_is_not_read(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / "a").write_text("mine")
    with pytest.raises(FileNotFoundError):
        _read(root, "a", Meddled(lambda: (root / "a").rename(root / "elsewhere" / "a")))


def test_a_second_name_anywhere_is_one_too_many(root: Path) -> None:
    os.link(root.parent / "secret", root / "hard")
    with pytest.raises(NotPlain, match="hard link"):
        _read(root, "hard")


def test_a_hard_link_taken_away_while_it_is_looked_at_is_not_read(root: Path) -> None:
    os.link(root.parent / "secret", root / "a")
    with pytest.raises(FileNotFoundError):
        _read(root, "a", Meddled((root / "a").unlink))


def test_a_hard_link_that_comes_and_goes_is_not_read(root: Path) -> None:
    def again() -> None:
        (root / "a").unlink()
        os.link(root.parent / "secret", root / "a")
        # Away once more, and there under its name when anybody looks: only the name that was opened is gone for good.
        (root / "a").unlink()
        (root / "a").write_text("mine")

    os.link(root.parent / "secret", root / "a")
    assert _read(root, "a", Meddled(again)) == b"mine"


def test_a_file_replaced_meanwhile_is_read_anew(root: Path) -> None:
    def replace() -> None:
        (root / "new").write_text("new")
        (root / "new").replace(root / "a")

    (root / "a").write_text("old")
    assert _read(root, "a", Meddled(replace)) == b"new"
    with pytest.raises(Transient):
        _read(root, "a", Meddled(*[replace] * 100))


def test_what_is_no_regular_file_is_refused_unopened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(root / "fifo")
    (root / "directory").mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setattr(plain, "_reopened", lambda *_: pytest.fail("it was opened"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("fifo", "directory", "socket"):
            with pytest.raises(NotPlain, match="regular file"):
                _read(root, name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
@pytest.mark.parametrize(("kind", "major", "minor"), [(stat.S_IFCHR, 1, 5), (stat.S_IFCHR, 5, 0), (stat.S_IFBLK, 7, 250)])
def test_a_device_is_refused_unopened(root: Path, kind: int, major: int, minor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        os.mknod(root / "device", kind | 0o600, os.makedev(major, minor))
    except PermissionError:
        pytest.skip("devices may not be made here")
    monkeypatch.setattr(plain, "_reopened", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(NotPlain):
        _read(root, "device")


def test_where_there_is_no_proc_files_are_read_and_links_refused_all_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def no_proc(path: str, *args: int, **kwargs: int) -> int:
        if str(path).startswith("/proc"):
            raise FileNotFoundError(path)
        return real(path, *args, **kwargs)

    def no_link(_: Path) -> Path:
        raise FileNotFoundError

    (root / "a").write_text("x")
    os.link(root.parent / "secret", root / "hard")
    os.mkfifo(root / "fifo")
    monkeypatch.setattr(plain.os, "open", no_proc)
    monkeypatch.setattr(plain.Path, "readlink", no_link)
    monkeypatch.setattr(plain.Path, "exists", lambda _: False)
    assert _read(root, "a") == b"x"
    for name in ("hard", "fifo"):
        with pytest.raises(NotPlain):
            _read(root, name)
