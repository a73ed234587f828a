"""The kernel's way and ours, asked the same: what one refuses the other refuses too."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synapse.mcp_servers import descent as module
from synapse.mcp_servers import syscalls
from synapse.mcp_servers.descent import Descent, KernelDescent, WalkingDescent, descent

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
FILE = os.O_RDONLY | os.O_NONBLOCK
LOOK = os.O_PATH
Open = Callable[..., int]


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.fixture(params=[KernelDescent, WalkingDescent])
def way(request: pytest.FixtureRequest) -> Descent:
    if request.param is KernelDescent and not syscalls.has_openat2():
        pytest.skip("this kernel, or a filter of this container, has no openat2")
    return request.param()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("inside")
    (root / "closed").mkdir()
    (tmp_path / "root-sibling").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    for name, target in {
        "leaf": "../outside/secret", "parent": "../outside", "inner": "a/b", "dangling": "../outside/new", "chain1": "chain2",
        "chain2": "chain3", "chain3": "../outside", "absolute": str(tmp_path / "outside"), "magic": "/proc/self/root",
        "magic-fd": "/proc/self/fd/0", "loop": "loop", "dot": ".",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    return root


@pytest.fixture
def opened(way: Descent, tree: Path) -> Iterator[Open]:
    descriptors = [os.open(tree, os.O_RDONLY | os.O_DIRECTORY)]

    def open_(*names: str, flags: int) -> int:
        descriptors.append(way.open(descriptors[0], names, flags))
        return descriptors[-1]

    yield open_
    for descriptor in descriptors:
        os.close(descriptor)


def test_a_file_a_directory_and_the_root_are_opened_and_closed_on_exec(opened: Open, tree: Path) -> None:
    assert os.read(opened("a", "b", "file", flags=FILE), 10) == b"inside"
    assert os.listdir(opened("a", flags=DIRECTORY)) == ["b"]  # noqa: PTH208 - a descriptor, not a path
    assert "closed" in os.listdir(opened(flags=DIRECTORY))  # noqa: PTH208 - a descriptor, not a path
    assert not os.get_inheritable(opened("a", flags=DIRECTORY))
    assert os.path.samestat(os.fstat(opened("a", "b", flags=LOOK)), (tree / "a" / "b").stat())


@pytest.mark.parametrize("flags", [FILE, DIRECTORY, LOOK])
@pytest.mark.parametrize(
    "names",
    [("leaf",), ("parent", "secret"), ("parent",), ("inner", "file"), ("inner",), ("dangling",), ("chain1",), ("chain1", "secret"),
     ("absolute", "secret"), ("magic", "etc"), ("magic",), ("magic-fd",), ("loop",), ("dot",), ("dot", "a"), ("a", "b", "file", "x"),
     ("..", "outside", "secret"), ("..", "root-sibling"), ("a", "..", "..", "outside"), ("..",), ("/etc",), ("/",)],
)  # fmt: skip
def test_links_and_ways_outside_are_not_taken(opened: Open, names: tuple[str, ...], flags: int) -> None:
    with pytest.raises(OSError) as refused:  # noqa: PT011 - the number is what is asked for
        opened(*names, flags=flags)
    assert refused.value.errno in (errno.ELOOP, errno.ENOTDIR, errno.EXDEV)


def test_what_is_not_there_is_missing_and_not_made(opened: Open, tree: Path) -> None:
    for names in (("nothing",), ("nothing", "x"), ("a", "nothing")):
        with pytest.raises(FileNotFoundError):
            opened(*names, flags=FILE)
    assert not (tree / "nothing").exists()


def test_a_name_too_long_for_the_system_is_refused(opened: Open) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)):
        opened("x" * 300, flags=FILE)


def test_a_name_with_a_nul_is_not_cut_short(opened: Open) -> None:
    with pytest.raises(ValueError, match="null"):
        opened("a\0", flags=DIRECTORY)


def test_nobody_waits_for_a_fifo_or_a_socket(opened: Open, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tree / "fifo")
    opened("fifo", flags=FILE)
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):
            opened("socket", flags=FILE)


def test_no_descriptor_stays_open_when_it_is_refused(way: Descent, tree: Path) -> None:
    root = os.open(tree, os.O_RDONLY)
    before = _descriptors()
    for names in (("parent", "secret"), ("a", "b", "file", "x"), ("nothing", "x"), ("..",), ("leaf",)):
        for flags in (FILE, LOOK):
            with pytest.raises(OSError):  # noqa: PT011 - whatever the reason
                way.open(root, names, flags)
    assert _descriptors() == before
    os.close(root)


def test_the_walk_leaves_neither_the_device_nor_the_mount(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = os.open(tree, os.O_RDONLY)
    real = module._whereabouts
    for changed in ((1, "same"), ("same", "other")):

        def elsewhere(descriptor: int, changed: tuple[object, object] = changed) -> tuple[int, str | None]:
            device, mount = real(descriptor)
            if Path(f"/proc/self/fd/{descriptor}").readlink().name != "b":
                return device, mount
            return (device + 1 if changed[0] == 1 else device), ("other" if changed[1] == "other" else mount)

        monkeypatch.setattr(module, "_whereabouts", elsewhere)
        for names, flags in ((("a", "b"), DIRECTORY), (("a", "b", "file"), FILE)):
            with pytest.raises(OSError, match=os.strerror(errno.EXDEV)):
                WalkingDescent().open(root, names, flags)
    os.close(root)


def test_without_proc_the_device_alone_is_compared(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_proc(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(module.Path, "read_text", no_proc)
    root = os.open(tree, os.O_RDONLY)
    os.close(WalkingDescent().open(root, ("a", "b"), DIRECTORY))
    os.close(root)


@pytest.mark.parametrize(("available", "kind"), [(True, KernelDescent), (False, WalkingDescent)])
def test_the_kernel_is_asked_where_it_can_be(available: bool, kind: type[Descent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "has_openat2", lambda: available)
    assert type(descent()) is kind


def test_the_kernel_is_asked_to_refuse_all_four_ways_out(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(syscalls, "openat2", lambda *_, resolve: asked.append(resolve) or os.open("/dev/null", os.O_RDONLY))
    os.close(KernelDescent().open(0, ("a",), FILE))
    assert asked == [syscalls.BENEATH | syscalls.NO_SYMLINKS | syscalls.NO_MAGICLINKS | syscalls.NO_XDEV]
