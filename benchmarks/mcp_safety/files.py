"""The list's 'Files', lines 9 to 13."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.mcp_safety.subjects import Files, Said, Session
from benchmarks.mcp_safety.verdict import Outcome, Verdict, not_applicable, worst
from benchmarks.mcp_safety.world import SECRET

_RACING: Final = 5.0
"""Seconds that a local writer swaps a directory while the server is asked."""
_HERE: Final = -100
_EXCHANGE: Final = 2
"""Linux's AT_FDCWD and RENAME_EXCHANGE: both names are there all the time."""
_LARGE: Final = 3_000_000
SMALL: Final = 1_000_000
"""Bytes of the small disk."""
QUOTA: Final = 10_000
"""Bytes that a server with quotas lets the root hold, where a case is about them."""


@dataclass(frozen=True)
class Place:
    """A folder that is the server's root, and what lies beside it."""

    root: Path
    outside: Path

    @property
    def secret(self) -> Path:
        """A file that the server must not read or change."""
        return self.outside / "secret.txt"


@dataclass(frozen=True)
class Asked:
    """A server that runs on a place."""

    server: Files
    session: Session
    place: Place

    async def read(self, path: str, seconds: float = 15.0) -> Said:
        """Read a path below the root."""
        return await self.server.read(self.session, self.server.place(self.place.root, path), seconds)

    async def write(self, path: str, content: str, seconds: float = 15.0) -> Said:
        """Write a path below the root."""
        return await self.server.write(self.session, self.server.place(self.place.root, path), content, seconds)


@dataclass(frozen=True)
class Case:
    """One line of the page: what is tried, what a safe server does, and the trying."""

    line: int
    tried: str
    safe: str
    attempt: Callable[[Asked], Awaitable[Verdict]]
    small: bool = False
    """Whether the root is on a disk of 1 MB."""
    environment: Mapping[str, str] = field(default_factory=dict)


def prepared(folder: Path) -> Place:
    """A root with a file in it, and a sibling whose name begins like the root's."""
    place = Place(folder / "root", folder / "root-outside")
    for each in (place.root, place.root / "inner", place.outside):
        each.mkdir(parents=True)
    (place.root / "inner" / "note.md").write_text("an ordinary note")
    place.secret.write_text(SECRET)
    return place


def told(said: Said, place: Place) -> Verdict:
    """What a call came to: the secret is where it was, unread and unchanged."""
    if SECRET in said.text:
        return Verdict(Outcome.LEAKED, "read outside")
    if place.secret.read_text() != SECRET or len(list(place.outside.iterdir())) != 1:
        return Verdict(Outcome.LEAKED, "written outside")
    return Verdict({"answer": Outcome.ANSWERED, "error": Outcome.REFUSED, "hung": Outcome.HUNG, "crashed": Outcome.CRASHED}[said.kind])


# -- 9 and 12: names ------------------------------------------------------------------------------------------------


async def _traversal(asked: Asked) -> Verdict:
    outside = asked.place.outside
    paths = (
        "../root-outside/secret.txt",
        "inner/../../root-outside/secret.txt",
        "..%2froot-outside/secret.txt",
        "..\\root-outside\\secret.txt",
    )
    exact = (str(asked.place.secret), f"/proc/self/root{asked.place.secret}", f"/proc/{asked.session.pid}/root{asked.place.secret}")
    verdicts = []
    for path in paths:
        verdicts.append((path, told(await asked.read(path), asked.place)))
        verdicts.append((f"{path}, written", told(await asked.write(f"{path}.new", "planted"), asked.place)))
    for number, path in enumerate((*exact, f"{outside}/secret.txt")):
        said = await asked.server.read(asked.session, path)
        verdicts.append(
            (("absolute", "/proc/self/root", "/proc/<pid>/root", "sibling of the same prefix")[number], told(said, asked.place))
        )
    return worst(verdicts)


def _naming(names: Sequence[tuple[str, str]]) -> Callable[[Asked], Awaitable[Verdict]]:
    async def attempt(asked: Asked) -> Verdict:
        verdicts = []
        for called, name in names:
            said = await asked.write(name, "text")
            verdict = told(said, asked.place)
            if verdict.outcome is Outcome.ANSWERED:
                verdict = Verdict(Outcome.ACCEPTED)
            verdicts.append((called, verdict))
        return worst(verdicts)

    return attempt


# -- 10: links and races --------------------------------------------------------------------------------------------


async def _links(asked: Asked) -> Verdict:
    root, outside = asked.place.root, asked.place.outside
    (root / "leaf").symlink_to(outside / "secret.txt")
    (root / "chain").symlink_to(root / "leaf")
    (root / "parent").symlink_to(outside)
    (root / "dangling").symlink_to(outside / "new.txt")
    verdicts = [(path, told(await asked.read(path), asked.place)) for path in ("leaf", "chain", "parent/secret.txt")]
    written = ("leaf", "chain", "parent/new.txt", "dangling")
    verdicts += [(f"{path}, written", told(await asked.write(path, "planted"), asked.place)) for path in written]
    return worst(verdicts)


@contextlib.contextmanager
def _swapping(place: Place) -> Iterator[None]:
    """Somebody with a shell on the machine makes `turn` a directory and a link to the outside, in turn and without a pause."""
    turn, link = place.root / "turn", place.root.parent / "link"
    turn.mkdir()
    (turn / "secret.txt").write_text("ordinary")
    link.symlink_to(place.outside)
    exchange = ctypes.CDLL(None, use_errno=True).renameat2
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            exchange(_HERE, bytes(turn), _HERE, bytes(link), _EXCHANGE)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def _raced_read(asked: Asked) -> Verdict:
    return await _raced(asked, lambda: asked.read("turn/secret.txt"))


async def _raced_write(asked: Asked) -> Verdict:
    return await _raced(asked, lambda: asked.write("turn/secret.txt", "planted"))


async def _raced(asked: Asked, attempt: Callable[[], Awaitable[Said]]) -> Verdict:
    tried = leaked = 0
    with _swapping(asked.place):
        end = asyncio.get_running_loop().time() + _RACING
        while asyncio.get_running_loop().time() < end:
            said = await attempt()
            tried += 1
            if said.kind in ("hung", "crashed"):
                return told(said, asked.place)
            if told(said, asked.place).outcome is Outcome.LEAKED:
                leaked += 1
                asked.place.secret.write_text(SECRET)
                for planted in set(asked.place.outside.iterdir()) - {asked.place.secret}:
                    planted.unlink(missing_ok=True)
    if leaked:
        return Verdict(Outcome.LEAKED, f"{leaked} times in {tried} calls")
    return Verdict(Outcome.ANSWERED, f"{tried} calls")


# -- 11: what is no file --------------------------------------------------------------------------------------------


async def _hard_link(asked: Asked) -> Verdict:
    os.link(asked.place.secret, asked.place.root / "hard")
    verdicts = [("read", told(await asked.read("hard"), asked.place))]
    verdicts.append(("written", told(await asked.write("hard", "planted"), asked.place)))
    return worst(verdicts)


async def _odd_files(asked: Asked) -> Verdict:
    root = asked.place.root
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        # A path of a socket is at most 108 bytes, and temporary folders are deep.
        here = os.open(root, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/socket")
        finally:
            os.close(here)
        verdicts = [(path, told(await asked.read(path, 8.0), asked.place)) for path in ("socket", "fifo")]
    said = await asked.read("inner/note.md", 8.0)
    if said.kind != "answer":
        verdicts.append(("an ordinary file after that", told(said, asked.place)))
    return worst(verdicts)


async def _device(asked: Asked) -> Verdict:
    try:
        os.mknod(asked.place.root / "zero", 0o666 | 0o020000, os.makedev(1, 5))
    except OSError:
        return not_applicable("making a device needs root")
    return told(await asked.read("zero", 8.0), asked.place)


async def _bind_mount(asked: Asked) -> Verdict:
    target = asked.place.root / "mounted"
    target.mkdir()
    source = asked.place.root.parent / "other"
    source.mkdir()
    if not _mounted("-t", "tmpfs", "none", str(source)) or not _mounted("--bind", str(source), str(target)):
        return not_applicable("mounting needs root")
    try:
        (source / "secret.txt").write_text(SECRET)
        return told(await asked.read("mounted/secret.txt"), asked.place)
    finally:
        _unmounted(target, source)


# -- 13: crashes and full disks -------------------------------------------------------------------------------------


async def _killed(asked: Asked) -> Verdict:
    old, new = "o" * _LARGE, "n" * (_LARGE + 1)
    file = asked.place.root / "whole.md"
    file.write_text(old)
    call = asyncio.create_task(asked.write("whole.md", new, 10.0))
    end = asyncio.get_running_loop().time() + 10
    # The moment that matters is when the content begins to reach the disk: a file of the root has changed its size.
    before = _sizes(asked.place.root)
    while _sizes(asked.place.root) == before and not call.done() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
        await asyncio.sleep(0)
    os.kill(asked.session.pid, signal.SIGKILL)
    with contextlib.suppress(Exception):
        await call
    found = file.read_text()
    if found in (old, new):
        return Verdict(Outcome.ANSWERED, "the old text or the new, whole")
    return Verdict(Outcome.LEAKED, f"{len(found)} of {len(new)} bytes were left, the old text lost")


def _sizes(root: Path) -> dict[str, int]:
    with os.scandir(root) as scan:
        sizes = {}
        for entry in scan:
            with contextlib.suppress(OSError):
                sizes[entry.name] = entry.stat(follow_symlinks=False).st_size
        return sizes


async def _full_disk(asked: Asked) -> Verdict:
    kept = asked.place.root / "kept.md"
    kept.write_text("old")
    before = set(asked.place.root.iterdir())
    said = await asked.write("kept.md", "n" * 2 * SMALL)
    if kept.read_text() != "old":
        return Verdict(Outcome.LEAKED, "the old text was lost")
    left = sum(each.stat().st_size for each in set(asked.place.root.iterdir()) - before)
    if left > SMALL // 10:
        return Verdict(Outcome.ACCEPTED, f"{left} bytes half-written stayed")
    return told(said, asked.place)


async def _quota(asked: Asked) -> Verdict:
    if not asked.server.quotas:
        return not_applicable("it has no quotas")
    said = await asyncio.gather(*(asked.write(f"inner/{number}.md", "x" * 1000) for number in range(50)))
    held = sum(each.stat().st_size for each in (asked.place.root / "inner").iterdir())
    kept = f"{sum(each.kind == 'answer' for each in said)} of 50 writes, {held} of {QUOTA} bytes"
    return Verdict(Outcome.REFUSED if held <= QUOTA else Outcome.ACCEPTED, kept)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of 1 MB at the folder, where mounting is allowed; whether it is."""
    folder.mkdir()
    mounted = _mounted("-t", "tmpfs", "-o", f"size={SMALL}", "none", str(folder))
    try:
        yield mounted
    finally:
        if mounted:
            _unmounted(folder)


def _mounted(*arguments: str) -> bool:
    return subprocess.run(["/bin/mount", *arguments], capture_output=True, check=False).returncode == 0


def _unmounted(*targets: Path) -> None:
    for target in targets:
        subprocess.run(["/bin/umount", "-l", str(target)], capture_output=True, check=False)


_LINE_9: Final = (
    ("a NUL", "a\x00.md"),
    ("a name of 300 bytes", "a" * 300),
    ("quotes", '"a".md'),
    ("a trailing blank", "a.md "),
    ("a line break", "a\nb.md"),
)
_LINE_12: Final = (
    ("NFD", "cafe\u0301.md"),
    ("a direction mark", "a\u202egpj.md"),
    ("a zero-width blank", "a\u200b.md"),
    ("a.md:x", "a.md:x"),
    ("CON", "CON"),
    ("report.md.", "report.md."),
)

CASES: Final = (
    Case(9, "`../`, absolute paths, `/proc/self/root`, a sibling of the same prefix", "refuse", _traversal),
    Case(9, "names that are no names", "refuse", _naming(_LINE_9)),
    Case(10, "symlinks out: leaf, chain, parent, dangling", "read and write nothing outside", _links),
    Case(10, "a parent swapped for a link while files are read", "read nothing outside", _raced_read),
    Case(10, "a parent swapped for a link while files are written", "write nothing outside", _raced_write),
    Case(11, "a hard link to a file outside", "refuse", _hard_link),
    Case(11, "a FIFO and a socket", "refuse", _odd_files),
    Case(11, "a device that never ends", "refuse", _device),
    Case(11, "another file system mounted inside", "refuse", _bind_mount),
    Case(12, "names that look or work like others", "refuse", _naming(_LINE_12)),
    Case(13, "SIGKILL in the middle of a write", "leave the old file or the new one", _killed),
    Case(13, "a full disk", "say so, keep the old file, leave nothing half-written", _full_disk, small=True),
    Case(13, "50 writers racing for a quota", "keep it", _quota, environment={"SYNAPSE_FILES_QUOTA_BYTES": str(QUOTA)}),
)
