"""A hook of MkDocs: `folder/*` in the navigation is every page of that folder that has no place of its own there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:
    """Write the navigation out. Raises nothing: a page that is named and missing is MkDocs' to tell."""
    docs = Path(config.docs_dir)
    config.nav = expanded(config.nav, {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")})
    return config


def expanded(entries: list[Any], pages: set[str]) -> list[Any]:
    """The navigation with its stars replaced, in alphabetical order of the files."""
    named = {path for path in _paths(entries) if not path.endswith("/*")}
    return _written_out(entries, sorted(pages - named))


def _paths(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    for each in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from _paths(each)


def _written_out(entries: list[Any], left: list[str]) -> list[Any]:
    found: list[Any] = []
    for entry in entries:
        if isinstance(entry, str) and entry.endswith("/*"):
            found += [path for path in left if path.rpartition("/")[0] == entry[:-2]]
        elif isinstance(entry, dict):
            found.append({title: _written_out(under, left) if isinstance(under, list) else under for title, under in entry.items()})
        else:
            found.append(entry)
    return found
