"""PDF to main text with its pages. The reader is a process of its own, bounded in time and memory; see `synapse.extract.pdfium`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

from synapse.errors import Permanent
from synapse.extract.blocks import Blocks, Extracted, tidy
from synapse.extract.lines import Line, reflow
from synapse.extract.titles import title_of

MEDIA_TYPE: Final = "application/pdf"
MAX_PAGES: Final = 2_000
MAX_CHARACTERS: Final = 5_000_000
SECONDS: Final = 20.0
"""Of the clock; a dense page takes about 3 ms."""

_MAGIC: Final = b"%PDF-"
_LOOK: Final = 1024
_KEPT: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT")
"""Variables that the reader needs to start; no other, for it needs no secret."""
_BROKEN: Final = "the PDF is broken: its reader gave up on it"
_DATE: Final = re.compile(r"^(?:D:)?(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?")


def is_pdf(data: bytes, *, declared: bool = False) -> bool:
    """Whether bytes are a PDF. Where that is ``declared``, some other bytes may stand before it, as readers accept."""
    return _MAGIC in data[:_LOOK] if declared else data[:_LOOK].lstrip()[:5] == _MAGIC


def read_pdf(data: bytes, name: str = "", *, seconds: float = SECONDS) -> Extracted:
    """The text of a PDF, a paragraph for each of its own, with the offsets of its pages.

    Raises Permanent for one that is encrypted, broken, empty, scanned, too large or too slow to read.
    """
    answer = _asked(data, seconds)
    lines = [Line(number, *line) for number, page in enumerate(answer["pages"], start=1) for line in page]
    blocks = Blocks()
    pages = reflow(lines, len(answer["pages"]), blocks)
    if not blocks.text:
        raise Permanent("the PDF has no text but running headers")
    info = {key: tidy(str(value)) for key, value in answer["info"].items()}
    return Extracted(
        title=title_of(info.get("Title", ""), blocks.headings, name),
        text=blocks.text,
        headings=tuple(blocks.headings),
        published=iso_date(info.get("CreationDate", "")),
        authors=authors_of(info.get("Author", "")),
        language=language_of(info.get("Language", "")),
        pages=pages,
        media_type=MEDIA_TYPE,
    )


_limited = False


def read_in_this_process() -> None:
    """Start no process for a PDF any more: this one is limited already, and only reads."""
    global _limited
    _limited = True


def _asked(data: bytes, seconds: float) -> dict[str, Any]:
    return _asked_here(data) if _limited else _asked_apart(data, seconds)


def _asked_here(data: bytes) -> dict[str, Any]:
    from synapse.extract.pdfium import Unreadable, read

    try:
        return read(data, MAX_PAGES, MAX_CHARACTERS)
    except Unreadable as error:
        raise Permanent(str(error)) from error
    except MemoryError:
        raise Permanent("the PDF needs too much memory") from None
    except Exception as error:
        # What the library does not make sense of, it tells in many ways; a process of its own would have ended by any.
        raise Permanent(_BROKEN) from error


def _asked_apart(data: bytes, seconds: float) -> dict[str, Any]:
    program = Path(__file__).with_name("pdfium.py")
    # -P: modules beside the program, such as html, must not hide Python's own.
    command = [sys.executable, "-P", str(program), str(max(1, round(seconds))), str(MAX_PAGES), str(MAX_CHARACTERS)]
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    try:
        ended = subprocess.run(command, input=data, capture_output=True, timeout=seconds, env=environment, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise Permanent(f"the PDF could not be read within {seconds:g} seconds") from None
    except OSError as error:
        raise Permanent(f"the reader of PDF files does not start: {error.strerror}") from error
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        raise Permanent(_BROKEN) from None
    if "error" in answer:
        raise Permanent(str(answer["error"]))
    return answer


def iso_date(stated: str) -> str | None:
    """The ISO date at the start of a property such as ``D:20240131…`` or ``2024-01-31T…``; None when it is none."""
    match = _DATE.match(stated)
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found.isoformat() if 1900 <= year <= 2100 else None


def authors_of(stated: str) -> tuple[str, ...]:
    """The names in a property: semicolons separate them, or ``and``; a comma may belong to a name."""
    names = (tidy(part) for part in re.split(r";|\s+and\s+|\s*&\s*", stated))
    return tuple(name for name in names if name and not re.fullmatch(r"(?i)unknown|anonymous|user|admin|administrator|owner|author", name))


def language_of(stated: str) -> str | None:
    """The code of a language without its region: ``en`` for ``en-GB``."""
    match = re.match(r"[A-Za-z]{2,3}(?=$|[-_])", stated)
    return match.group().lower() if match else None
