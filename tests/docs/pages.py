"""The documentation's pages, and the blocks of code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])

_BLOCK = re.compile(r"(?:^\*\*`(?P<file>[^`]+)`\*\*\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block. ``file`` is the name that stands in bold above it, when one does."""

    page: Path
    language: str
    file: str | None
    text: str


def name(page: Path) -> str:
    """The page's path from the root: what a failing test is called by."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = [Block(page, match["language"], match["file"], match["text"]) for match in _BLOCK.finditer(page.read_text("utf-8"))]
    return [block for block in found if language is None or block.language == language]


def files(page: Path) -> dict[str, str]:
    """The files that a page shows whole, by their paths."""
    return {block.file: block.text for block in blocks(page) if block.file is not None}


def write(page: Path, folder: Path) -> None:
    """Make the files that a page shows."""
    for path, text in files(page).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def commands(page: Path) -> list[str]:
    """The lines of the shell blocks of a page, continued lines joined, comments and answers left out."""
    text = "\n".join(block.text for block in blocks(page) if block.language in ("sh", "bash", "shell"))
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.lstrip().startswith("#")]
