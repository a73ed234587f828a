"""PDF and DOCX files made here, byte by byte, for tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Line = tuple[float, float, float, str]
"""(left, baseline, size, text) in points."""


def pdf(pages: Sequence[Sequence[Line]], info: Mapping[str, str] | None = None, *, language: str = "", more: str = "") -> bytes:
    """A PDF with these lines on its pages; ``more`` is added to each page's content."""
    objects: list[bytes] = []

    def add(body: str | bytes) -> int:
        objects.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(objects)

    lang = f" /Lang ({language})" if language else ""
    add(f"<< /Type /Catalog /Pages 2 0 R{lang} >>")
    add("")
    font = add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for lines in pages:
        drawn = "".join(f"BT /F1 {size} Tf {left} {base} Td ({_literal(text)}) Tj ET\n" for left, base, size, text in lines) + more
        stream = drawn.encode("cp1252")
        content = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        fonts = f"/Resources << /Font << /F1 {font} 0 R >> >>"
        kids.append(add(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R {fonts} >>"))
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] /Count {len(kids)} >>".encode()
    about = add("<< " + " ".join(f"/{name} ({_literal(value)})" for name, value in (info or {}).items()) + " >>")
    return _assembled(objects, f"/Info {about} 0 R")


def paragraphs(*texts: str, width: int = 60, size: float = 11, top: float = 760, left: float = 72) -> list[Line]:
    """Lines of paragraphs set one below the other, broken between words after ``width`` characters; "|" breaks a line."""
    lines: list[Line] = []
    base = top
    for text in texts:
        row = ""
        for part in text.split("|"):
            for word in part.split():
                if row and len(row) + len(word) >= width:
                    lines.append((left, base, size, row))
                    base -= 1.2 * size
                    row = ""
                row = f"{row} {word}".strip()
            if row:
                lines.append((left, base, size, row))
                base -= 1.2 * size
            row = ""
        base -= size
    return lines


def docx(body: str, *, styles: str = "", core: str = "", more: Mapping[str, bytes] | None = None, prolog: str = "") -> bytes:
    """A DOCX whose document has this XML for a body."""
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    dc = 'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    parts = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/document.xml": f'<?xml version="1.0"?>{prolog}<w:document {w}><w:body>{body}</w:body></w:document>'.encode(),
    }
    if styles:
        parts["word/styles.xml"] = f"<w:styles {w}>{styles}</w:styles>".encode()
    if core:
        terms = 'xmlns:dcterms="http://purl.org/dc/terms/"'
        parts["docProps/core.xml"] = f"<cp:coreProperties {dc} {terms}>{core}</cp:coreProperties>".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **(more or {})}.items():
            archive.writestr(name, data)
    return packed.getvalue()


def paragraph(text: str, style: str = "") -> str:
    """A paragraph of a DOCX, as XML."""
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{named}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _assembled(objects: Sequence[bytes], trailer: str) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode())
    return out.getvalue()


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
