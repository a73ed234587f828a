"""A hook of MkDocs: what the pages link to outside of docs/.

In a repository's view such links work as they are written. On the site the changelog and the page for contributors are pages, too, and
any other file is named: a link where `extra.source_url` says what stands before its path, and otherwise its path as code.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

BESIDE: Final = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "synapse/api/static/icon.svg": "images/icon.svg"}
"""Files of the repository that the site has, by where it has them."""

_COMMENT: Final = re.compile(r"\A\s*<!--.*?-->\s*", re.DOTALL)
_FENCED: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<!!)\[(?P<text>[^\[\]]+)\]\((?P<target>[^)\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add what the site has from outside of docs/."""
    root = Path(config.config_file_path).parent
    for source, page in BESIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(root / source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The page with its links as the site needs them."""
    source_url: str = config.extra.get("source_url") or ""
    uri: str = page.file.src_uri
    # A comment before the heading, as generated pages have one, would cost the page its title.
    markdown = _COMMENT.sub("", markdown)
    return rewritten(markdown, next((source for source, at in BESIDE.items() if at == uri), f"docs/{uri}"), uri, source_url)


def rewritten(markdown: str, source: str, uri: str, source_url: str) -> str:
    """A page's text; ``source`` is its path in the repository, ``uri`` its path on the site."""
    parts = _FENCED.split(markdown)
    parts[::2] = [_LINK.sub(lambda found: _link(found, source, uri, source_url), part) for part in parts[::2]]
    return "".join(parts)


def _link(found: re.Match[str], source: str, uri: str, source_url: str) -> str:
    text, (path, hash_, anchor) = found["text"], found["target"].partition("#")
    if not path or "://" in path or path.startswith(("/", "mailto:")):
        return found[0]
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    on_site = BESIDE.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
    if on_site is not None:
        return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(uri) or '.')}{hash_}{anchor})"
    if source_url:
        return f"[{text}]({source_url.rstrip('/')}/{target}{hash_}{anchor})"
    return f"`{target}`" if text.strip("`") in (target, posixpath.basename(target).removesuffix(".md")) else f"{text} (`{target}`)"
