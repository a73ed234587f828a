"""The files below a root against those who change the tree meanwhile, kill the writer, fill the disk, or all write at once."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from synapse.errors import Permanent, Transient
from synapse.mcp_servers import syscalls
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.descent import Descent, KernelDescent, WalkingDescent
from synapse.mcp_servers.quota import LEDGER, Limits
from synapse.mcp_servers.refusals import NotPlain
from tests.waiting import PATIENCE, until

ROUNDS: Final = 1000
SECRET: Final = "what lies outside"
AT_FDCWD: Final = -100
EXCHANGE: Final = 2


@pytest.fixture(params=[KernelDescent, WalkingDescent])
def way(request: pytest.FixtureRequest) -> Descent:
    if request.param is KernelDescent and not syscalls.has_openat2():
        pytest.skip("this kernel, or a filter of this container, has no openat2")
    return request.param()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A directory beside the root, whose content is the same at the end of the test."""
    folder = tmp_path / "outside"
    (folder / "below").mkdir(parents=True)
    for path in ("secret", "target", "below/secret"):
        (folder / path).write_text(SECRET)
    before = _tree(folder)
    yield folder
    assert _tree(folder) == before, "something outside the root was changed"


def _tree(folder: Path) -> dict[str, str | None]:
    return {path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else None for path in folder.rglob("*")}


def _exchange(one: Path, other: Path) -> None:
    """Swap two names in one step, so that at any time there is something under both."""
    number = syscalls._number(syscalls._RENAMEAT2, syscalls._RENAMEAT2_ELSEWHERE)
    syscalls._call(number, AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), ctypes.c_uint(EXCHANGE))


@contextlib.contextmanager
def _again_and_again(act: Callable[[], object]) -> Iterator[list[int]]:
    """Somebody else's thread, which acts until the end; gives how often it did."""
    stop, acts, failed = threading.Event(), [0], []

    def run() -> None:
        try:
            while not stop.is_set():
                act()
                acts[0] += 1
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield acts
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not failed, f"the attack itself failed: {failed}"


def _raced(attempt: Callable[[int], object], acts: list[int]) -> dict[str, int]:
    """How often it succeeded and was refused, over thousands of rounds and as many acts of the other."""
    count = {"rounds": 0, "done": 0, "refused": 0}

    # No limit but the test's own: how fast the two take turns is the machine's affair.
    while count["rounds"] < ROUNDS or not count["done"] or not count["refused"] or acts[0] < ROUNDS:
        count["rounds"] += 1
        try:
            attempt(count["rounds"])
            count["done"] += 1
        except (Permanent, Transient):
            count["refused"] += 1
    return count


def _read(files: ConfinedFiles, _: int) -> None:
    assert files.read("parent/secret").content == "inside"


def _hash(files: ConfinedFiles, _: int) -> None:
    assert files.hash("parent/below/secret").bytes == len("inside")


def _stat(files: ConfinedFiles, _: int) -> None:
    assert files.stat("parent/secret").bytes == len("inside")


def _list(files: ConfinedFiles, _: int) -> None:
    assert "target" not in {entry.name for entry in files.list("parent").entries}


def _save(files: ConfinedFiles, turn: int) -> None:
    files.save("parent/secret", "inside", create_only=False)
    files.save(f"parent/new{turn % 7}", "inside")


def _make(files: ConfinedFiles, turn: int) -> None:
    files.save(f"parent/made{turn}/deep/file", "inside")


def _move_out(files: ConfinedFiles, turn: int) -> None:
    files.save(f"here{turn % 7}", "inside")
    files.move(f"here{turn % 7}", "parent/target", overwrite=True)


def _move_in(files: ConfinedFiles, _: int) -> None:
    files.save("parent/secret", "inside", create_only=False)
    files.move("parent/secret", "taken", overwrite=True)
    assert files.read("taken").content == "inside"


def _delete(files: ConfinedFiles, _: int) -> None:
    # What is taken away is put there first: a turn that was refused half-way leaves nothing that the next ones would miss.
    files.save("parent/below/secret", "inside", create_only=False)
    files.delete("parent/below/secret")


@pytest.mark.parametrize("attempt", [_read, _hash, _stat, _list, _save, _make, _move_out, _move_in, _delete])
def test_a_parent_swapped_for_a_link_thousands_of_times_never_leads_outside(
    attempt: Callable[[ConfinedFiles, int], None], way: Descent, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The disk is asked for nothing: what is tried is where it would be written.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    files = ConfinedFiles(tmp_path / "root", way=way)
    files.save("parent/secret", "inside")
    files.save("parent/below/secret", "inside")
    link = files.root / "link"
    link.symlink_to(outside)

    with _again_and_again(lambda: _exchange(files.root / "parent", link)) as acts:
        _raced(lambda turn: attempt(files, turn), acts)


def test_a_link_and_a_file_that_take_turns_under_one_name_are_never_taken_for_each_other(
    way: Descent, tmp_path: Path, outside: Path
) -> None:
    files = ConfinedFiles(tmp_path / "root", way=way)
    files.save("file", "inside")
    (files.root / "link").symlink_to(outside / "secret")

    def attempt(_: int) -> None:
        assert files.read("file").content == "inside"

    with _again_and_again(lambda: _exchange(files.root / "file", files.root / "link")) as acts:
        _raced(attempt, acts)


def test_a_hard_link_that_comes_and_goes_is_never_read(way: Descent, tmp_path: Path, outside: Path) -> None:
    files = ConfinedFiles(tmp_path / "root", way=way)
    files.root.mkdir()

    def flicker() -> None:
        os.link(outside / "secret", files.root / "file")
        (files.root / "file").unlink()
        (files.root / "file").write_text("inside")
        (files.root / "file").unlink()

    def attempt(_: int) -> None:
        assert files.read("file").content in ("inside", "")

    with _again_and_again(flicker) as acts:
        _raced(attempt, acts)


def test_a_fifo_that_takes_a_files_place_holds_nobody(way: Descent, tmp_path: Path) -> None:
    files = ConfinedFiles(tmp_path / "root", way=way)
    files.save("file", "inside")
    os.mkfifo(files.root / "fifo")

    def attempt(_: int) -> None:
        assert files.read("file").content == "inside"

    with _again_and_again(lambda: _exchange(files.root / "file", files.root / "fifo")) as acts:
        _raced(attempt, acts)


@contextlib.contextmanager
def _mounted(what: list[str], where: Path) -> Iterator[None]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root mounts")
    done = subprocess.run(["mount", *what, str(where)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.mark.parametrize("kind", ["bind", "tmpfs"])
def test_what_is_mounted_below_the_root_is_not_entered(kind: str, way: Descent, tmp_path: Path, outside: Path) -> None:
    files = ConfinedFiles(tmp_path / "root", way=way)
    files.save("mounted/a", "inside")
    what = ["--bind", str(outside)] if kind == "bind" else ["-t", "tmpfs", "tmpfs"]
    with _mounted(what, files.root / "mounted"):
        if kind == "tmpfs":
            (files.root / "mounted" / "secret").write_text(SECRET)
        files.save("beside", "inside")
        attempts: list[Callable[[], object]] = [
            lambda: files.read("mounted/secret"), lambda: files.hash("mounted/secret"), lambda: files.stat("mounted/secret"),
            lambda: files.stat("mounted"), lambda: files.list("mounted"), lambda: files.save("mounted/new", "x"),
            lambda: files.save("mounted/new/x", "x"), lambda: files.move("mounted/secret", "taken"), lambda: files.delete("mounted/secret"),
            lambda: files.move("beside", "mounted/beside"), lambda: files.check("mounted/secret"),
        ]  # fmt: skip
        for number, attempt in enumerate(attempts):
            with pytest.raises(NotPlain):
                pytest.fail(f"attempt {number} gave {attempt()}")
        with pytest.raises(Permanent):
            files.delete("mounted")
    assert files.read("mounted/a").content == "inside"


def test_a_file_mounted_over_a_file_is_neither_read_nor_replaced(way: Descent, tmp_path: Path, outside: Path) -> None:
    files = ConfinedFiles(tmp_path / "root", way=way)
    files.save("file", "inside")
    with _mounted(["--bind", str(outside / "secret")], files.root / "file"):
        for attempt in (
            lambda: files.read("file"), lambda: files.hash("file"), lambda: files.save("file", "x"), lambda: files.move("file", "taken"),
            lambda: files.delete("file"),
        ):  # fmt: skip
            with pytest.raises(Permanent):
                pytest.fail(f"that gave {attempt()}")
    assert files.read("file").content == "inside"


# A child that kills itself at its n-th call of the system that writes, for each n; a parent without threads forks it.
_DIES_AT_EVERY_CALL = """
import os, signal, sys
from pathlib import Path
from synapse.mcp_servers import drafts, syscalls
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.quota import Limits

root, what = Path(sys.argv[1]), sys.argv[2]
DO = {
    "replace": lambda files: files.save("a/file", "new" * 40_000),
    "create": lambda files: files.save("a/b/new", "new" * 40_000, create_only=True),
    "move": lambda files: files.move("a/file", "c/moved"),
    "delete": lambda files: files.delete("a/file"),
}[what]

def counted(function, left):
    def call(*args, **kwargs):
        for last in (False, True):
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            if not last:
                result = function(*args, **kwargs)
        return result
    return call

number = 0
while True:
    (child := os.fork()) or None
    if child == 0:
        files, left = ConfinedFiles(root / str(number), limits=Limits(bytes=1_000_000, entries=100)), [-1]
        files.save("a/file", "old")
        for name in ("write", "fsync", "rename", "mkdir", "unlink", "pwrite", "ftruncate"):
            setattr(os, name, counted(getattr(os, name), left))
        syscalls.rename_new = counted(syscalls.rename_new, left)
        left[0] = number
        DO(files)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    number += 1
print(number)
"""


@pytest.mark.parametrize("what", ["replace", "create", "move", "delete"])
def test_a_writer_killed_before_or_after_any_call_leaves_whole_files_and_an_account_that_says_enough(what: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _DIES_AT_EVERY_CALL, str(tmp_path), what], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert run.returncode == 0, run.stderr
    deaths = int(run.stdout)
    assert deaths >= 8
    seen = set()
    for number in range(deaths):
        root = tmp_path / str(number)
        found = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file() and path.name[0] != "."}
        assert set(found.values()) <= {"old", "new" * 40_000}
        seen.add(tuple(sorted((path, content[:3]) for path, content in found.items())))
        _account_says_enough(root)
        # The next server clears up, and has all the room that there is.
        after = ConfinedFiles(root, limits=Limits(bytes=1_000_000, entries=100))
        after.save("after", "x" * (1_000_000 - sum(len(content) for content in found.values()) - 1))
        assert [path.name for path in root.rglob(".synapse-*")] == [LEDGER]
    old, new = {
        "replace": ((("a/file", "old"),), (("a/file", "new"),)),
        "create": ((("a/file", "old"),), (("a/b/new", "new"), ("a/file", "old"))),
        "move": ((("a/file", "old"),), (("c/moved", "old"),)),
        "delete": ((("a/file", "old"),), ()),
    }[what]
    assert seen == {old, new}, "each was killed both before and after the change, and nothing lies between"


def _account_says_enough(root: Path) -> None:
    text = (root / LEDGER).read_text()
    with contextlib.suppress(json.JSONDecodeError):  # torn: it is counted anew
        booked = json.loads(text)
        files = [path for path in root.rglob("*") if not path.name.startswith(".synapse-")]
        drafts = booked["drafts"].values()
        assert booked["bytes"] + sum(draft[0] for draft in drafts) >= sum(path.stat().st_size for path in files if path.is_file())
        assert booked["entries"] + sum(draft[1] for draft in drafts) >= len(files)


_SAVES_FOR_EVER = """
import itertools, sys
from pathlib import Path
from synapse.mcp_servers.confined import ConfinedFiles

files = ConfinedFiles(Path(sys.argv[1]))
for turn in itertools.count():
    files.save("file", str(turn % 10) * 8_000_000)
    print(turn, flush=True)
"""


def test_sigkill_in_the_middle_of_a_write_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    caught = 0
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", _SAVES_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            until(lambda: _half_written(tmp_path), "a file half written")
            writer.send_signal(signal.SIGKILL)
        caught += len(list(tmp_path.glob(".synapse-*")))
        content = (tmp_path / "file").read_text()
        assert (len(content), len(set(content))) == (8_000_000, 1)
    assert caught, "none was killed in the middle"
    ConfinedFiles(tmp_path).save("other", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]


def _half_written(folder: Path) -> bool:
    for path in folder.glob(".synapse-*"):
        with contextlib.suppress(FileNotFoundError):
            return 0 < path.stat().st_size < 8_000_000
    return False


def test_a_disk_that_is_full_keeps_the_old_file_and_takes_the_next(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    with _mounted(["-t", "tmpfs", "-o", "size=1m", "tmpfs"], tmp_path / "disk"):
        for limits in (Limits(), Limits(bytes=10_000_000)):
            files = ConfinedFiles(tmp_path / "disk", limits=limits)
            files.save("file", "old")
            for path in ("file", "a/new"):
                with pytest.raises(Transient, match=os.strerror(errno.ENOSPC)):
                    files.save(path, "x" * 2_000_000)
            assert files.read("file").content == "old"
            assert not files.check("a/new")
            assert {path.name for path in files.root.rglob(".synapse-*")} <= {LEDGER}
            files.save("file", "x" * 500_000)
            files.save("file", "y" * 300_000)


_LARGER_THAN_ALLOWED = """
import resource, sys
from pathlib import Path
from synapse.errors import Transient
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.quota import Limits

files = ConfinedFiles(Path(sys.argv[1]), limits=Limits(bytes=10_000_000))
files.save("file", "old")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    files.save("file", "x" * 200_000)
except Transient:
    print(files.read("file").content, sorted(path.name for path in files.root.iterdir()), files.save("b", "x" * 90_000).bytes)
"""


def test_a_file_cut_off_by_the_systems_limit_is_not_kept(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LARGER_THAN_ALLOWED, str(tmp_path)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (run.stdout, run.returncode) == (f"old ['{LEDGER}', 'file'] 90000\n", 0), run.stderr


_WRITES_UNTIL_FULL = """
import sys, threading
from pathlib import Path
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.quota import Limits
from synapse.mcp_servers.refusals import OverQuota

who, root = sys.argv[1], Path(sys.argv[2])
files = ConfinedFiles(root, limits=Limits(bytes=int(sys.argv[3]), entries=int(sys.argv[4])))
print("ready", flush=True)
sys.stdin.readline()

def write(thread):
    saved = refused = 0
    while refused < 3:
        try:
            # Some of them new, some of them written by all, growing and shrinking.
            name = f"d{thread}/{who}-{saved}" if saved % 3 else f"all{(saved + thread) % 5}"
            files.save(name, "x" * (500 + (saved * 7919 + thread * 104729) % 1500))
            saved += 1
        except OverQuota:
            refused += 1

threads = [threading.Thread(target=write, args=(number,)) for number in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def _held(root: Path) -> tuple[int, int]:
    size = entries = 0
    for path in root.rglob("*"):
        if not path.name.startswith(".synapse-"):
            entries += 1
            with contextlib.suppress(FileNotFoundError):
                size += path.stat().st_size if path.is_file() else 0
    return size, entries


@pytest.mark.parametrize(("most_bytes", "most_entries"), [(150_000, 10_000), (10_000_000, 120)])
def test_fifty_writers_in_five_processes_two_of_them_killed_never_exceed_the_quota(
    tmp_path: Path, most_bytes: int, most_entries: int
) -> None:
    command = [sys.executable, "-c", _WRITES_UNTIL_FULL]
    with contextlib.ExitStack() as held:
        writers = [
            held.enter_context(
                subprocess.Popen(
                    [*command, str(number), str(tmp_path), str(most_bytes), str(most_entries)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            for number in range(5)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write(b"\n")
            writer.stdin.flush()
        until(lambda: _held(tmp_path)[1] > 40, "files of all of them")
        for writer in writers[:2]:
            writer.send_signal(signal.SIGKILL)
        most_seen = [0, 0]

        def done() -> bool:
            size, entries = _held(tmp_path)
            most_seen[0], most_seen[1] = max(most_seen[0], size), max(most_seen[1], entries)
            return all(writer.poll() is not None for writer in writers)

        until(done, "the root is full")
    assert [writer.returncode for writer in writers] == [-signal.SIGKILL, -signal.SIGKILL, 0, 0, 0]
    size, entries = _held(tmp_path)
    assert size <= most_bytes
    assert entries <= most_entries
    assert most_seen[1] <= most_entries
    # Full for good: what the killed had kept was given to the others.
    assert size > most_bytes - 2000 or entries > most_entries - 2
    after = ConfinedFiles(tmp_path, limits=Limits(bytes=most_bytes, entries=most_entries))
    after.delete("all0")
    booked: dict[str, Any] = json.loads((tmp_path / LEDGER).read_text())
    assert (booked["bytes"], booked["entries"], booked["drafts"]) == (*_held(tmp_path), {})
    assert not [path for path in tmp_path.rglob(".synapse-*") if path.name != LEDGER]


def test_what_a_killed_writer_left_is_cleared_up_while_a_living_one_goes_on_writing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _SAVES_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            writer.stdout.readline()
            ConfinedFiles(tmp_path).save("other", "x")  # a server that starts, and looks for what was left
        assert writer.poll() is None, "its file was taken away under its hands"
        writer.send_signal(signal.SIGKILL)
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)
