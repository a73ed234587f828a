"""The program that opens a PDF: a process of its own, for the library is C++, takes no locks and reads what strangers wrote.

It is run as a file and imports nothing of Synapse. The PDF comes on stdin; JSON goes to stdout: ``{"pages": [[line, …], …], "info": …}``
with a line as ``[text, left, right, bottom, height]`` in points, or ``{"error": "why there is none"}``.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any

_MEMORY = 2_000_000_000
"""Bytes of address space."""
_PASSWORD, _SECURITY = 4, 5
_HYPHEN = re.compile("[\x02\ufffe]")
"""What pdfium gives for a hyphen at which a line was broken."""
_BREAK = re.compile("[\r\n]+|[\x02\ufffe][\r\n]*")
_IMAGE = 3
_LOOKED_AT = 5


class Unreadable(Exception):
    """Why this PDF gives no text."""


def read(data: bytes, max_pages: int, max_characters: int) -> dict[str, Any]:
    """Lines of each page and what the document says of itself. Raises Unreadable."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        if error.err_code in (_PASSWORD, _SECURITY):
            raise Unreadable("the PDF is encrypted and needs a password") from error
        raise Unreadable("the PDF is broken or cut off: it cannot be opened") from error
    count = len(document)
    if count > max_pages:
        raise Unreadable(f"the PDF has {count:,} pages, more than {max_pages:,}")
    pages: list[list[list[Any]]] = []
    left, broken = max_characters, 0
    for number in range(count):
        try:
            page = document[number]
        except PdfiumError:
            pages.append([])
            broken += 1
            continue
        lines = list(_lines(page))
        left -= sum(len(line[0]) for line in lines)
        if left < 0:
            raise Unreadable(f"the PDF has more than {max_characters:,} characters")
        pages.append(lines)
        page.close()
    if not any(pages):
        raise Unreadable(_why_empty(document, count, broken))
    return {"pages": pages, "info": {**document.get_metadata_dict(skip_empty=True), "Language": _language(document)}}


def _lines(page: Any) -> Iterator[list[Any]]:
    text = page.get_textpage()
    start = 0
    characters = _characters(text)
    for end in _ends(characters):
        if words := characters[start:end].strip("\r\n"):
            line = _line(words, range(start, end), characters, text)
            if line is not None:
                yield line
        start = end
    text.close()


def _characters(text: Any) -> str:
    """The text of a page, one character for each that pdfium counts, so that its place in the text is pdfium's number."""
    from pypdfium2 import raw

    count = text.count_chars()
    whole: str = text.get_text_range(0, count, errors="replace") if count else ""
    if len(whole) != count:
        codes = (raw.FPDFText_GetUnicode(text, index) for index in range(count))
        whole = "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd" for code in codes)
    return whole


def _ends(characters: str) -> Iterator[int]:
    for found in _BREAK.finditer(characters):
        yield found.end()
    yield len(characters)


def _line(words: str, places: range, characters: str, text: Any) -> list[Any] | None:
    shown = [index for index in places if not characters[index].isspace()]
    if not shown:
        return None
    # The box that a font gives a character, not the one of its ink: it tells the size, however the matrix scales it.
    boxes = [text.get_charbox(shown[at], loose=True) for at in (0, len(shown) // 2, -1)]
    height = sorted(top - bottom for _, bottom, _, top in boxes)[1]
    base = sorted(box[1] for box in boxes)[1]
    return [_HYPHEN.sub("-", words), round(boxes[0][0], 1), round(boxes[2][2], 1), round(base, 1), round(height, 1)]


def _why_empty(document: Any, count: int, broken: int) -> str:
    if not count:
        return "the PDF has no pages"
    if broken == count:
        return "the PDF is broken: none of its pages can be opened"
    looked = range(min(count, _LOOKED_AT))
    if any(next(document[number].get_objects(filter=[_IMAGE], max_depth=2), None) is not None for number in looked):
        return "the PDF holds pictures of pages and no text, as a scan does: it needs OCR first"
    return "the PDF has no text on its only page" if count == 1 else f"the PDF has no text on any of its {count:,} pages"


def _language(document: Any) -> str:
    import ctypes

    from pypdfium2 import raw

    size = raw.FPDFCatalog_GetLanguage(document, None, 0)
    if not 2 < size < 200:
        return ""
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFCatalog_GetLanguage(document, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def main() -> None:
    """Read stdin, write stdout; arguments: seconds of CPU, pages at most, characters at most."""
    seconds, max_pages, max_characters = (int(word) for word in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        answer = read(sys.stdin.buffer.read(), max_pages, max_characters)
    except Unreadable as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "the PDF needs too much memory"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
