"""What a mutation is, and applying one to a tree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Edit:
    """A text of a file below synapse/, there exactly once, and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """A promise that is broken. ``tests`` are pytest's arguments, the cheapest first: what is tried until something fails.

    ``defence`` says why nobody notices, where that is so: what else keeps the promise.
    """

    area: str
    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    on: str = ""
    defence: str = ""

    @property
    def key(self) -> str:
        """What it is known by."""
        return f"{self.area}: {self.name}"


class StaleMutation(Exception):
    """The text that a mutation replaces is not there any more, or more than once."""


def mutated(mutation: Mutation, tree: Path = ROOT) -> dict[str, str]:
    """Each file that the mutation changes, and its new text. Raises StaleMutation."""
    texts: dict[str, str] = {}
    for edit in mutation.edits:
        text = texts.get(edit.file) or (tree / "synapse" / edit.file).read_text("utf-8")
        if (count := text.count(edit.old)) != 1 or edit.old == edit.new:
            raise StaleMutation(f"{mutation.key}: synapse/{edit.file} has {edit.old!r} {count} times")
        texts[edit.file] = text.replace(edit.old, edit.new)
    return texts


def copy_tree(into: Path) -> None:
    """What the tests need of the project."""
    for part in ("synapse", "tests", "benchmarks", "scripts", "docs", "deploy"):
        shutil.copytree(ROOT / part, into / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "celeryconfig.py", "constraints.txt", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile"):
        shutil.copy2(ROOT / part, into / part)
    waiting = into / "tests" / "waiting.py"
    # Here most tests that wait do so in vain.
    waiting.write_text(waiting.read_text("utf-8").replace("PATIENCE = 60.0", "PATIENCE = 20.0"), "utf-8")


@contextmanager
def applied(mutation: Mutation, tree: Path) -> Iterator[None]:
    """The tree with the mutation in it, for as long as the block runs."""
    texts = mutated(mutation, tree)
    kept = {name: (tree / "synapse" / name).with_suffix(".kept") for name in texts}
    for name, text in texts.items():
        file = tree / "synapse" / name
        # Copied with its times: Python knows compiled modules by them.
        shutil.copy2(file, kept[name])
        file.write_text(text, "utf-8")
    try:
        yield
    finally:
        for name, copy in kept.items():
            copy.replace(tree / "synapse" / name)
