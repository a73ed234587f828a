"""HTML pages made of the documentation that installed Python packages carry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html import escape
from importlib.metadata import Distribution, distributions
from pathlib import Path

from markdown_it import MarkdownIt

_LEAST = 1_500
_SKIPPED = re.compile(r"(^|/)(tests?|_vendor|locale|testing)(/|$)")
_PARAGRAPHS = re.compile(r"\n\s*\n")


def write(folder: Path) -> int:
    """Write a page for each package's description and each module that documents itself; how many."""
    count = 0
    for distribution in distributions():
        for path, page in _pages(distribution):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page, "utf-8")
            count += 1
    return count


def _pages(distribution: Distribution) -> Iterator[tuple[Path, str]]:
    name = str(distribution.metadata["Name"]).lower()
    description = str(distribution.metadata.get_payload() or "")
    if len(description) >= _LEAST:
        yield Path(name, "index.html"), _page(name, MarkdownIt().render(description))
    for file in distribution.files or ():
        if file.suffix == ".py" and not _SKIPPED.search(file.as_posix()):
            body = _docstrings(Path(str(file.locate())))
            if len(body) >= _LEAST:
                module = file.with_suffix("").as_posix().replace("/", ".")
                yield Path(name, f"{module}.html"), _page(f"{name}: {module}", body)


def _docstrings(file: Path) -> str:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and (text := ast.get_docstring(node)):
            heading = getattr(node, "name", file.stem)
            found.append(f"<h2>{escape(heading)}</h2>\n" + "\n".join(f"<p>{escape(part)}</p>" for part in _PARAGRAPHS.split(text)))
    return "\n".join(found)


def _page(title: str, body: str) -> str:
    return f"<!doctype html><html lang=en><title>{escape(title)}</title><main><h1>{escape(title)}</h1>\n{body}\n</main></html>\n"
