"""A folder of documents as a corpus."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from synapse.corpus.index import Entry, IndexReport, Progress, index_entries
from synapse.errors import InvalidInput
from synapse.extract.blocks import Extracted
from synapse.extract.decode import is_binary
from synapse.extract.document import PAPERS, extract, is_paper, media_type_of
from synapse.extract.own import REASON

_MAX_BYTES = 20_000_000
_MAX_PAPER_BYTES = 100_000_000
"""Of a PDF or DOCX: most of it is pictures, which are not read."""
_MANIFEST, _REPORT = "manifest.json", "report.json"
_MAX_MANIFEST_BYTES = 100_000
# Generated lists of links: they match every question and answer none.
_LISTINGS = frozenset({"genindex.html", "genindex-all.html", "search.html", "py-modindex.html", "bookindex.html", "searchresults.html"})


def index_folder(source: Path, name: str, corpora: Path, progress: Progress | None = None) -> IndexReport:
    """Make a corpus of all PDF, DOCX, HTML, Markdown, reStructuredText and text files below a folder, or bring it up to date.

    Raises InvalidInput when ``source`` is no folder. Files that cannot be read are named in the report, with the reason. What runs of
    Synapse have filed is none of them.
    """
    if not source.is_dir():
        raise InvalidInput(f"{source} is not a folder", field="source")
    report = IndexReport()
    root = source.resolve()
    entries = [entry for entry in (_entry(root, file, report) for file in _files(root, report)) if entry is not None]
    return index_entries(entries, read_file, name, corpora, progress, report)


def read_file(entry: Entry) -> Extracted:
    """The text of one file."""
    return extract(Path(entry.file).read_bytes(), entry.media_type, name=entry.path)


def _files(root: Path, report: IndexReport) -> list[Path]:
    """Files that may be documents, in order. Hidden ones and Sphinx's copies of its sources are passed over in silence."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root, followlinks=False):
        here = Path(folder)
        for name in list(folders):
            link = here / name
            if link.is_symlink():
                folders.remove(name)
                if _inside(root, link):
                    continue
                report.skipped.append(f"{link.relative_to(root)}: a link out of the folder")
        if _MANIFEST in names and _is_run(here / _MANIFEST):
            report.skipped.append(f"{here.relative_to(root)}: {REASON}")
            folders.clear()
            continue
        copies = "_sources" in folders and {"searchindex.js", "objects.inv"} & set(names)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (copies and name == "_sources"))
        found.extend(here / name for name in sorted(names) if not name.startswith(".") and name.lower() not in _LISTINGS)
    return found


def _entry(root: Path, file: Path, report: IndexReport) -> Entry | None:
    media_type = media_type_of(file.name)
    path = file.relative_to(root).as_posix()
    if media_type is None:
        return None
    if file.is_symlink() and not _inside(root, file):
        report.skipped.append(f"{path}: a link out of the folder")
        return None
    if not file.is_file():
        report.skipped.append(f"{path}: not a regular file")
        return None
    try:
        most = _MAX_PAPER_BYTES if media_type in PAPERS else _MAX_BYTES
        if file.stat().st_size > most:
            report.skipped.append(f"{path}: larger than {most // 1_000_000} MB")
            return None
        data = file.read_bytes()
    except OSError as error:
        report.skipped.append(f"{path}: {error.strerror or type(error).__name__}")
        return None
    if media_type not in PAPERS and is_binary(data) and not is_paper(data):
        report.skipped.append(f"{path}: binary")
        return None
    return Entry(path=path, file=str(file), hash=hashlib.sha256(data).hexdigest(), media_type=media_type)


def _is_run(manifest: Path) -> bool:
    """Whether a manifest is that of a run's folder. Whoever edits a report rarely thinks of the file beside it."""
    try:
        with manifest.open("rb") as file:
            told = json.loads(file.read(_MAX_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    files = told.get("files") if isinstance(told, dict) and isinstance(told.get("run"), str) else None
    return isinstance(files, dict) and _REPORT in files


def _inside(root: Path, link: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False
