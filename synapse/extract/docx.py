"""DOCX to main text. Its XML is read as a stream within bounds; a document type, and with it every entity, is refused."""

from __future__ import annotations

import io
import re
import time
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from synapse.errors import Permanent
from synapse.extract.blocks import Blocks, Extracted, tidy
from synapse.extract.pdf import authors_of, iso_date, language_of
from synapse.extract.titles import title_of

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_BYTES: Final = 60_000_000
"""Of one part of the package, decompressed."""
MAX_PARTS: Final = 5_000
SECONDS: Final = 20.0
"""Of the clock, for all parts."""

_BODY, _STYLES, _CORE = "word/document.xml", "word/styles.xml", "docProps/core.xml"
_CHUNK: Final = 65_536
_MAX_TEXT: Final = 5_000_000
_HEADING: Final = re.compile(r"heading\s*([1-9])$", re.I)
_NAMESPACE: Final = re.compile(r"^\{[^}]*\}")
_OFF: Final = frozenset({"0", "false", "off", "none"})
_MAX_LEVEL: Final = 6
# All that `zipfile` raises over bytes in memory; found by flipping bytes of packages. A name in the directory that is no text and a place
# before the beginning of the file are ValueErrors of its own making; a newer format or an unknown method is NotImplementedError.
_NO_DIRECTORY: Final = (zipfile.BadZipFile, NotImplementedError, ValueError)
_NO_CONTENT: Final = (*_NO_DIRECTORY, zlib.error, EOFError)
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What a package may be packed with; other methods would bring their own libraries and errors."""


def is_docx(data: bytes) -> bool:
    """Whether bytes are a package with a Word document in it."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return len(package.filelist) <= MAX_PARTS and _BODY in package.namelist()
    except _NO_DIRECTORY:
        return False


def read_docx(data: bytes, name: str = "", *, seconds: float = SECONDS) -> Extracted:
    """The text of a Word document. It has no pages: where they end depends on who prints it.

    Raises Permanent for one that is encrypted, broken, empty, larger unpacked than a document is, or too slow to read.
    """
    until = time.monotonic() + seconds
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if len(package.filelist) > MAX_PARTS:
                raise Permanent(f"the DOCX has more than {MAX_PARTS:,} parts")
            styles = _Styles()
            _parse(package, _STYLES, styles, until)
            core = _Core()
            _parse(package, _CORE, core, until)
            body = _Body(styles.levels)
            if not _parse(package, _BODY, body, until):
                raise Permanent("the DOCX has no document in it")
    except _NO_CONTENT as error:
        raise Permanent("the DOCX is broken or cut off: it cannot be unpacked") from error
    except RuntimeError as error:
        # The only one that `zipfile` raises while it reads: a password is needed, and it has no class of its own.
        raise Permanent("the DOCX is encrypted") from error
    blocks = body.blocks
    if not blocks.text:
        raise Permanent("the DOCX has no text in it")
    stated = core.stated
    return Extracted(
        title=title_of(stated.get("title", "") or body.title, blocks.headings, name),
        text=blocks.text,
        headings=tuple(blocks.headings),
        published=iso_date(stated.get("created", "")) or iso_date(stated.get("modified", "")),
        authors=authors_of(stated.get("creator", "")),
        language=language_of(stated.get("language", "")) or styles.language,
        media_type=MEDIA_TYPE,
    )


def _parse(package: zipfile.ZipFile, part: str, target: _Target, until: float) -> bool:
    """Feed one part to its target; False when there is no such part. Raises Permanent."""
    try:
        info = package.getinfo(part)
    except KeyError:
        return False
    if info.compress_type not in _METHODS:
        raise Permanent("the DOCX is packed in a way that no office program uses")
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    done = 0 if info.file_size <= MAX_BYTES else info.file_size
    try:
        with package.open(info) as stream:
            # Counted as it comes: what the package says of its size is what its maker wrote there.
            while chunk := stream.read(_CHUNK):
                done += len(chunk)
                if time.monotonic() > until:
                    raise Permanent("the DOCX takes too long to read")
                if done > MAX_BYTES:
                    raise Permanent(f"the DOCX is larger than {MAX_BYTES // 1_000_000} MB unpacked")
                parser.feed(chunk)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise Permanent("the DOCX is broken: its XML cannot be read") from error
    return True


class _Target:
    """What a parser of one part calls."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Text between tags."""

    def doctype(self, *_: Any) -> None:
        """No office program writes one: it is there for its entities."""
        raise Permanent("the DOCX declares a document type, which could hide anything")

    def close(self) -> None:
        """The part ends."""


class _Core(_Target):
    """What the document says of itself."""

    def __init__(self) -> None:
        self.stated: dict[str, str] = {}
        self._name = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._name = _local(tag)

    def end(self, tag: str) -> None:
        self._name = ""

    def data(self, text: str) -> None:
        if self._name and len(self.stated.get(self._name, "")) < 2_000:
            self.stated[self._name] = self.stated.get(self._name, "") + text


class _Styles(_Target):
    """Which styles are headings, by their id, and the language of the text."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self.language: str | None = None
        self._style = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind, given = _local(tag), {_local(key): value for key, value in attributes.items()}
        if kind == "style":
            self._style = given.get("styleId", "")
        elif kind == "name" and self._style:
            name = given.get("val", "")
            match = _HEADING.match(name)
            if match or name.lower() == "title":
                self.levels[self._style] = int(match[1]) if match else 0
        elif kind == "outlineLvl" and self._style and given.get("val", "").isdigit():
            self.levels.setdefault(self._style, int(given["val"]) + 1)
        elif kind == "lang" and self.language is None:
            self.language = language_of(given.get("val", ""))

    def end(self, tag: str) -> None:
        if _local(tag) == "style":
            self._style = ""


class _Body(_Target):
    """Paragraphs, headings and the rows of tables, as blocks. Deleted and hidden text is left out."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        self.blocks = Blocks()
        self.title = ""
        self._levels = levels
        self._stack: list[str] = []
        self._text: list[str] = []
        self._run: list[str] = []
        self._style = ""
        self._hidden = False
        self._outline: int | None = None
        self._rows: list[list[list[str]]] = []
        self._skip = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind = _local(tag)
        self._stack.append(kind)
        # A text box is there twice, the second time for programs that do not know the first form.
        if self._skip or kind in ("Fallback", "del", "moveFrom"):
            self._skip += 1
            return
        value = next((each for key, each in attributes.items() if _local(key) == "val"), "")
        if kind == "p":
            self._paragraph()
        elif kind == "pStyle":
            self._style = value
        elif kind == "outlineLvl" and value.isdigit():
            self._outline = int(value) + 1
        elif kind == "r":
            self._run, self._hidden = [], False
        elif kind == "vanish" and "rPr" in self._stack[-2:] and "pPr" not in self._stack[-4:]:
            self._hidden = value.lower() not in _OFF
        elif kind in ("tab", "br", "cr"):
            self._run.append(" ")
        elif kind == "noBreakHyphen":
            self._run.append("-")
        elif kind == "tr":
            self._paragraph()
            self._rows.append([[]])
        elif kind == "tc" and self._rows:
            self._rows[-1].append([])

    def end(self, tag: str) -> None:
        kind = self._stack.pop()
        if self._skip:
            self._skip -= 1
            return
        if kind == "r":
            if not self._hidden:
                self._text += self._run
            self._run = []
        elif kind == "p":
            self._paragraph()
        elif kind == "tr":
            self._row([cell for cell in self._rows.pop() if cell])

    def data(self, text: str) -> None:
        if self._stack and self._stack[-1] == "t" and not self._skip:
            self._run.append(text)

    def _row(self, cells: list[list[str]]) -> None:
        # Cells of several paragraphs are a page's layout, or prose in a frame; a bar between them would run it together.
        grid = all(len(cell) == 1 for cell in cells)
        said = [" | ".join(cell[0] for cell in cells)] if grid else [text for cell in cells for text in cell]
        if self._rows:
            self._rows[-1][-1] += said
            return
        for text in said:
            self.blocks.paragraph(text)

    def _paragraph(self) -> None:
        text = tidy("".join(self._text))
        style, outline = self._style, self._outline
        self._text, self._style, self._outline = [], "", None
        if not text:
            return
        if self.blocks.offset + len(text) > _MAX_TEXT:
            raise Permanent(f"the DOCX has more than {_MAX_TEXT:,} characters")
        level = self._levels.get(style, outline)
        if self._rows:
            self._rows[-1][-1].append(text)
        elif level is None or level > _MAX_LEVEL:
            self.blocks.paragraph(text)
        else:
            self.title = self.title or (text if level == 0 else "")
            self.blocks.heading(text, max(1, level))


def _local(name: str) -> str:
    return _NAMESPACE.sub("", name)
