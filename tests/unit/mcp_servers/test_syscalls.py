from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from synapse.mcp_servers import syscalls
from synapse.mcp_servers.syscalls import BENEATH, NO_MAGICLINKS, NO_SYMLINKS, NO_XDEV, has_openat2, openat2, rename_new

needs_openat2 = pytest.mark.skipif(not has_openat2(), reason="this kernel, or a filter of this container, has no openat2")


@pytest.fixture
def folder(tmp_path: Path) -> int:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "file").write_text("x")
    (tmp_path / "root" / "link").symlink_to("sub")
    (tmp_path / "outside").mkdir()
    return os.open(tmp_path / "root", os.O_RDONLY)


@needs_openat2
def test_a_file_is_opened_below_a_folder_and_closed_on_exec(folder: int) -> None:
    descriptor = openat2(folder, "sub/file", os.O_RDONLY, resolve=BENEATH)
    assert os.read(descriptor, 10) == b"x"
    assert not os.get_inheritable(descriptor)


@needs_openat2
@pytest.mark.parametrize(
    ("path", "resolve", "code"),
    [
        ("../outside", BENEATH, errno.EXDEV),
        ("sub/../../outside", BENEATH, errno.EXDEV),
        ("/etc", BENEATH, errno.EXDEV),
        ("link/file", NO_SYMLINKS, errno.ELOOP),
        ("link", NO_SYMLINKS, errno.ELOOP),
        ("/proc/self/root/etc", NO_MAGICLINKS, errno.ELOOP),
        ("/proc/self", NO_XDEV, errno.EXDEV),
        ("nothing", BENEATH, errno.ENOENT),
        ("sub/file/x", BENEATH, errno.ENOTDIR),
    ],
)
def test_the_kernel_refuses_with_the_number_of_its_reason(folder: int, path: str, resolve: int, code: int) -> None:
    with pytest.raises(OSError) as refused:  # noqa: PT011 - the number is what is asked for
        openat2(folder, path, os.O_RDONLY, resolve=resolve)
    assert refused.value.errno == code


def test_a_path_with_a_nul_never_reaches_the_kernel_cut_short(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_call", lambda *_: pytest.fail("the kernel was asked"))
    with pytest.raises(ValueError, match="null"):
        openat2(folder, "sub\0file", os.O_RDONLY, resolve=BENEATH)


def test_it_is_tried_again_while_the_kernel_cannot_tell_and_not_for_ever(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [BlockingIOError(errno.EAGAIN, "again"), BlockingIOError(errno.EAGAIN, "again"), 7]

    def call(*_: object) -> int:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BlockingIOError):
            raise answer
        return answer

    monkeypatch.setattr(syscalls, "_call", call)
    assert openat2(folder, "sub", os.O_RDONLY, resolve=BENEATH) == 7
    answers[:] = [BlockingIOError(errno.EAGAIN, "again")]
    with pytest.raises(BlockingIOError):
        openat2(folder, "sub", os.O_RDONLY, resolve=BENEATH)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EINVAL])
def test_a_system_that_lacks_or_refuses_the_call_is_recognised(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(syscalls, "_call", call)
    assert not has_openat2.__wrapped__()


@pytest.mark.parametrize(
    ("machine", "bits", "expected"),
    [("x86_64", 8, (437, 316)), ("aarch64", 8, (437, 276)), ("riscv64", 8, (437, 276)), ("s390x", 8, (437, 347)), ("x86_64", 4, (437, 353)),
     ("armv7l", 4, (437, 382)), ("aarch64", 4, (437, 382)), ("mips64", 8, (5437, 5311)), ("ppc64le", 8, (437, 357))],
)  # fmt: skip
def test_the_calls_have_the_numbers_of_the_architecture(
    machine: str, bits: int, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch, folder: int
) -> None:
    monkeypatch.setattr(syscalls.platform, "machine", lambda: machine)
    monkeypatch.setattr(syscalls.struct, "calcsize", lambda _: bits)
    asked: list[int] = []
    monkeypatch.setattr(syscalls, "_call", lambda number, *_: asked.append(number) or 3)
    openat2(folder, "sub", os.O_RDONLY, resolve=BENEATH)
    rename_new(folder, "a", folder, "b")
    assert tuple(asked) == expected


def test_elsewhere_than_on_linux_there_is_no_such_call(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls.sys, "platform", "darwin")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        openat2(folder, "sub", os.O_RDONLY, resolve=BENEATH)


def test_renaming_to_a_new_name_never_replaces(folder: int, tmp_path: Path) -> None:
    (tmp_path / "root" / "a").write_text("a")
    rename_new(folder, "a", folder, "b")
    assert (tmp_path / "root" / "b").read_text() == "a"
    (tmp_path / "root" / "a").write_text("other")
    with pytest.raises(FileExistsError):
        rename_new(folder, "a", folder, "b")
    assert (tmp_path / "root" / "b").read_text() == "a"
