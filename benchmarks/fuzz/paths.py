"""Paths of files. Whatever is written as a path, nothing outside the root is read or changed, by either way down."""

from __future__ import annotations

import os
import random
import tempfile
import unicodedata
from pathlib import Path

from synapse.errors import Permanent
from synapse.mcp_servers import syscalls
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.descent import Descent, KernelDescent, WalkingDescent
from synapse.mcp_servers.names import parts_of

SECRET = "what stands outside"
PIECES = (
    "a", "b.md", "deep", "file.txt", "out", "up", "loop", "hard.txt", "pipe", "abs", "secret.txt", "root", "root-sibling", "/", "/", "/",
    "//", ".", "..", "../", "./", "\\", "..\\", "%2e%2e", "%252e", "%2f", "~", "~root", "*", "?", ":", "a:b", "|", "\x00", "\n", " ", "é",
    "e\u0301", "\u202e", "\u200d", "．．", "／", "‥", "CON", "con.txt", "nul", "COM1", "a.", "a ", "proc", "self", "environ", "etc",
    "passwd",
    "\ud800",
    "x" * 250, ".synapse-", ".SYNAPSE-1", "'", '"', "ﬀ", "İ", "A",
)  # fmt: skip


class Tree:
    """A root with ways out of it, and something outside that nobody is to see."""

    def __init__(self, folder: Path) -> None:
        self.root, outside = folder / "root", folder / "outside"
        for made in (self.root / "deep" / "deep", outside, folder / "root-sibling"):
            made.mkdir(parents=True)
        self.secrets = (outside / "secret.txt", folder / "root-sibling" / "secret.txt", folder / "secret.txt")
        for secret in self.secrets:
            secret.write_text(SECRET)
        for file in ("file.txt", "a", "deep/b.md", "deep/deep/a"):
            (self.root / file).write_text(f"inside: {file}")
        (self.root / "out").symlink_to(outside)
        (self.root / "up").symlink_to("..")
        (self.root / "loop").symlink_to("loop")
        (self.root / "abs").symlink_to("/etc/hostname")
        (self.root / "deep" / "up").symlink_to("../..")
        os.link(outside / "secret.txt", self.root / "hard.txt")
        os.mkfifo(self.root / "pipe")
        self._listed = self._outside()
        ways: list[Descent] = [WalkingDescent()]
        if syscalls.has_openat2():
            ways.append(KernelDescent())
        self.files = [ConfinedFiles(self.root, way=way) for way in ways]

    def check(self, path: str) -> bool:
        """Whether the path is accepted. Raises AssertionError when that breaks a law."""
        try:
            names = parts_of(path)
        except Permanent:
            names = None
        outcomes = [_read(files, path) for files in self.files]
        assert len(set(outcomes)) == 1, (path, outcomes)
        assert SECRET not in outcomes[0], path
        if names is None:
            assert outcomes[0].startswith("refused"), path
            return False
        for name in names:
            assert name not in ("", ".", ".."), path
            assert not set(name) & set("/\\\x00\n:"), path
            assert unicodedata.normalize("NFC", name) == name, path
            assert len(name.encode()) <= 255, path
        assert os.path.normpath("/".join(names) or ".") == ("/".join(names) or "."), path
        return True

    def write(self, path: str) -> bool:
        """Whether something is written at the path. Raises AssertionError when that changes anything outside."""
        try:
            self.files[0].save(path, "written")
        except Permanent:
            return False
        assert self._outside() == self._listed, path
        return True

    def _outside(self) -> list[tuple[str, str]]:
        above = self.root.parent
        found = [path for path in above.rglob("*") if self.root not in (path, *path.parents)]
        return sorted((str(path), path.read_text() if path.is_file() else "") for path in found)


def make(source: random.Random) -> str:
    """A path, or what somebody might take for one."""
    if source.random() < 0.5:
        return "/".join(source.choice(PIECES) for _ in range(source.randrange(1, 5)))
    return "".join(source.choices(PIECES, k=source.randrange(1, 7)))


def tree() -> tuple[Tree, tempfile.TemporaryDirectory[str]]:
    """A tree in a folder of its own, which its owner removes."""
    folder = tempfile.TemporaryDirectory(prefix="synapse-fuzz-")
    return Tree(Path(folder.name)), folder


def _read(files: ConfinedFiles, path: str) -> str:
    try:
        return files.read(path).content
    except Permanent as error:
        return f"refused: {type(error).__name__}"
