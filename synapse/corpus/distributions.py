"""The corpus that needs no download: documentation that the installed Python distributions carry.

Their README, the documents packed with them, and the docstrings of their modules. A document's path begins with the distribution's
name, so that what one project says about itself counts as one voice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from email import message_from_bytes
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath
from typing import Final

from synapse.corpus.docstrings import read_module
from synapse.corpus.index import Entry, IndexReport, Progress, index_entries
from synapse.errors import Permanent
from synapse.extract.blocks import Extracted
from synapse.extract.decode import decode
from synapse.extract.document import MARKDOWN, PLAIN, RST, extract, media_type_of

DEFAULT_NAME: Final = "python-packages"

_PYTHON: Final = "text/x-python"
_METADATA: Final = "application/x-python-metadata"
_SKIPPED_PARTS: Final = frozenset(
    {
        "tests",
        "test",
        "_vendor",
        "vendor",
        "vendored",
        "third_party",
        "locale",
        "__pycache__",
        "_internal",
        "node_modules",
        "testdata",
        "fixtures",
        "lexers",
        "styles",
        "typeshed",
    }
)
# Installers and stubs: in every environment, and nobody's question.
_SKIPPED: Final = re.compile(r"^(pip|setuptools|wheel|distlib|virtualenv|synapse-research|types-.*|.*-stubs)$")
_NOTICES: Final = re.compile(r"^(licen[cs]e|copying|notice|authors|contributors|code_of_conduct|security|third.?party)", re.I)
_MIN_BYTES: Final = 500
_CODE_PER_DOCSTRING: Final = 3_000
"""Bytes: with fewer docstrings than one in so much code, parsing it costs more time than it gives text."""


def index_distributions(
    corpora: Path, name: str = DEFAULT_NAME, only: Collection[str] | None = None, progress: Progress | None = None
) -> IndexReport:
    """Make or update the corpus of the installed distributions, or of those named in ``only``. Takes seconds, with two processes.

    Modules that document nothing are no failures and are not reported.
    """
    entries = [entry for distribution in _distributions(only) for entry in _entries(*distribution)]
    report = index_entries(entries, read_entry, name, corpora, progress)
    report.failed = [reason for reason in report.failed if not reason.endswith(("hardly any documentation in it", "no text in it"))]
    return report


def read_entry(entry: Entry) -> Extracted:
    """The text of a module, a README or a packed document."""
    data = Path(entry.file).read_bytes()
    if entry.media_type == _PYTHON:
        return read_module(decode(data), entry.title)
    if entry.media_type == _METADATA:
        return _readme(data)
    document = extract(data, entry.media_type, name=entry.path)
    return Extracted(
        title=f"{entry.title}: {document.title or PurePosixPath(entry.path).stem}", text=document.text, headings=document.headings
    )


def _readme(metadata: bytes) -> Extracted:
    """The long description of a distribution, titled with its name and summary."""
    message = message_from_bytes(metadata)
    description = message.get_payload(decode=True) or (message.get("Description") or "").encode()
    kind = (message.get("Description-Content-Type") or RST).partition(";")[0].strip()
    document = extract(bytes(description), kind if kind in (MARKDOWN, RST, PLAIN) else PLAIN)
    if not document.text:
        raise Permanent("no text in it")
    title = f"{message['Name']} {message['Version']}: {message.get('Summary') or 'README'}"
    return Extracted(title=title, text=document.text, headings=document.headings)


def _distributions(only: Collection[str] | None) -> Iterator[tuple[str, Distribution]]:
    wanted = {normalized(name) for name in only} if only is not None else None
    seen: set[str] = set()
    for distribution in distributions():
        raw = distribution.metadata["Name"]
        name = normalized(raw) if raw else ""
        if name and name not in seen and (name in wanted if wanted is not None else not _SKIPPED.match(name)):
            seen.add(name)
            yield name, distribution


def normalized(name: str) -> str:
    """A distribution's name as the index of packages spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _entries(name: str, distribution: Distribution) -> Iterator[Entry]:
    for file in distribution.files or ():
        located = Path(str(distribution.locate_file(file)))
        if file.suffix == ".py" and _is_worth_reading(file):
            entry = _entry(_module_path(name, file), located, _PYTHON, _module_name(file))
        elif file.name == "METADATA" and file.parent.name.endswith(".dist-info"):
            entry = _entry(f"{name}/README", located, _METADATA, name)
        elif file.suffix in (".md", ".rst") and _is_worth_reading(file) and not _NOTICES.match(file.name):
            entry = _entry(f"{name}/{file}", located, media_type_of(file.name) or PLAIN, name)
        else:
            continue
        if entry is not None:
            yield entry


def _is_worth_reading(file: PurePosixPath) -> bool:
    parts = file.parts
    return ".." not in parts and not _SKIPPED_PARTS.intersection(parts) and not parts[0].endswith((".dist-info", ".data"))


def _module_name(file: PurePosixPath) -> str:
    parts = list(file.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _module_path(name: str, file: PurePosixPath) -> str:
    """``celery/app/task.rst`` for celery, ``pyyaml/yaml/loader.rst`` where the package is named otherwise."""
    parts = list(file.with_suffix(".rst").parts)
    if parts[-1] == "__init__.rst":
        parts[-1] = "index.rst"
    return "/".join(parts if normalized(parts[0]) == name else [name, *parts])


def _entry(path: str, file: Path, media_type: str, title: str) -> Entry | None:
    try:
        if file.is_symlink() or file.stat().st_size < _MIN_BYTES:
            return None
        data = file.read_bytes()
    except OSError:
        return None
    if media_type == _PYTHON and 2 * _CODE_PER_DOCSTRING * (data.count(b'"""') + data.count(b"'''") + data.count(b"#: ")) < len(data):
        return None
    return Entry(path=path, file=str(file), hash=hashlib.sha256(data).hexdigest(), media_type=media_type, title=title)
