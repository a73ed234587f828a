from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from synapse.mcp_servers import drafts, syscalls
from synapse.mcp_servers.drafts import clear_all_dead, clear_dead, new_draft, rename, token_of


@pytest.fixture
def folder(tmp_path: Path) -> int:
    return os.open(tmp_path, os.O_RDONLY)


def test_a_published_draft_has_its_name_and_no_other(folder: int, tmp_path: Path) -> None:
    with new_draft(folder) as draft:
        draft.write(b"x" * 3_000_000)
        assert [path.name for path in tmp_path.iterdir()] == [draft.name]
        draft.publish("a", replace=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").stat().st_size == 3_000_000
    assert (tmp_path / "a").stat().st_nlink == 1


def test_a_draft_given_up_is_gone(folder: int, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_draft(folder):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_published_draft_replaces_only_when_it_may(folder: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with new_draft(folder) as draft:
        draft.write(b"new")
        with pytest.raises(FileExistsError):
            draft.publish("a", replace=False)
        draft.publish("a", replace=True)
    assert (tmp_path / "a").read_text() == "new"


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(drafts.os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    with new_draft(folder) as draft:
        draft.write(b"0123456789")
        draft.publish("a", replace=True)
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_only_a_draft_whose_writer_is_gone_is_cleared_away(folder: int, tmp_path: Path) -> None:
    dead = f"{drafts.TEMPORARY}{'0' * 16}"
    (tmp_path / dead).write_text("half")
    with new_draft(folder) as draft:
        assert not clear_dead(folder, draft.name)
        assert clear_dead(folder, dead)
        assert clear_dead(folder, dead)
        assert [path.name for path in tmp_path.iterdir()] == [draft.name]
        draft.publish("a", replace=True)
    assert (tmp_path / "a").exists()


def test_a_draft_cleared_away_before_it_was_locked_is_made_again(folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = fcntl.flock, []

    def flock(descriptor: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            next(tmp_path.glob(".synapse-*")).unlink()  # and nobody holds the lock any more
        if len(calls) == 2:
            raise BlockingIOError(errno.EAGAIN, "held")
        real(descriptor, how)

    monkeypatch.setattr(drafts.fcntl, "flock", flock)
    with new_draft(folder) as draft:
        draft.publish("a", replace=True)
    assert len(calls) == 3
    assert (tmp_path / "a").exists()


def test_what_was_published_meanwhile_is_not_cleared_away(folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = f"{drafts.TEMPORARY}{'0' * 16}"
    (tmp_path / dead).write_text("whole")
    real = drafts._lock

    def lock(descriptor: int) -> bool:
        (tmp_path / dead).rename(tmp_path / "a")
        (tmp_path / dead).write_text("another's")
        return real(descriptor)

    monkeypatch.setattr(drafts, "_lock", lock)
    clear_dead(folder, dead)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "whole", dead: "another's"}


def test_only_names_of_drafts_are_cleared_away_and_no_links_followed(folder: int, tmp_path: Path) -> None:
    token = "0123456789abcdef"
    (tmp_path / "outside").write_text("x")
    kept = {f".synapse-{token[1:]}", f".synapse-{token}x", ".synapse-ledger", f"x.synapse-{token}", ".synapse-0123456789ABCDEF"}
    for name in kept:
        (tmp_path / name).write_text("x")
    (tmp_path / f".synapse-{token}").symlink_to("outside")
    (tmp_path / f".synapse-{token[::-1]}").mkdir()
    os.mkfifo(tmp_path / f".synapse-{'1' * 16}")
    clear_all_dead(folder)
    assert {path.name for path in tmp_path.iterdir()} >= {"outside", f".synapse-{token}", f".synapse-{token[::-1]}", *kept}
    (tmp_path / f".synapse-{'2' * 16}").write_text("half")
    clear_all_dead(folder)
    assert not (tmp_path / f".synapse-{'2' * 16}").exists()


def test_the_token_of_a_draft_is_in_its_name() -> None:
    assert token_of(".synapse-0123456789abcdef") == "0123456789abcdef"
    assert token_of("a.md") is None
    assert token_of(".synapse-0123456789abcdef\n") is None


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP])
def test_where_it_cannot_be_had_in_one_step_nothing_is_replaced_either(
    code: int, folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(syscalls, "rename_new", refused)
    (tmp_path / "a").write_text("a")
    (tmp_path / "there").write_text("there")
    (tmp_path / "folder" / "below").mkdir(parents=True)
    for source in ("a", "folder"):
        with pytest.raises(FileExistsError):
            rename(folder, source, folder, "there", replace=False)
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        rename(folder, "folder", folder, "folder/below/x", replace=False)
    assert list((tmp_path / "folder" / "below").iterdir()) == []
    rename(folder, "a", folder, "b", replace=False)
    rename(folder, "folder", folder, "moved", replace=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "moved", "there"]
    assert (tmp_path / "b").stat().st_nlink == 1
    assert (tmp_path / "there").read_text() == "there"


def test_a_file_that_keeps_its_old_name_does_not_get_a_new_one_besides(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def unlink(name: str, *, dir_fd: int) -> None:
        if name == "a":
            raise PermissionError(errno.EACCES, "no")
        real(name, dir_fd=dir_fd)

    (tmp_path / "a").write_text("a")
    monkeypatch.setattr(drafts.os, "unlink", unlink)
    with pytest.raises(PermissionError):
        drafts._rename_in_two_steps(folder, "a", folder, "b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
