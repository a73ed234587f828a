"""How the hostile site answers, by host name."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from functools import cache
from typing import Final

from benchmarks.mcp_safety.world import Answer, Request, missing, send

MEGABYTE: Final = 1_000_000
BOMB: Final = 100 * MEGABYTE
PARAGRAPH: Final = "<p>An ordinary page says ordinary things, and it says enough of them to be taken for a page with a text.</p>"
PAGE: Final = f"<html><head><title>Page</title></head><body><article><h1>Page</h1>{PARAGRAPH * 6}</article></body></html>".encode()
ENTITIES: Final = 9


def page(body: bytes = PAGE, kind: str = "text/html; charset=utf-8", **headers: str) -> Answer:
    """A site that has one page, at every path but that of robots.txt."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/robots.txt":
            await missing(request, writer)
        else:
            send(writer, body, kind, **headers)

    return answer


def redirecting(target: str, *, robots: bool = False) -> Answer:
    """A site that leads elsewhere: with its pages, or with its robots.txt only."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if (request.path == "/robots.txt") == robots:
            send(writer, b"", status="302 Found", location=target)
        else:
            await page()(request, writer)

    return answer


def robots(body: bytes, status: str = "200 OK") -> Answer:
    """A site with a robots.txt."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/robots.txt":
            send(writer, body, "text/plain", status)
        else:
            send(writer, PAGE)

    return answer


async def looping(request: Request, writer: asyncio.StreamWriter) -> None:
    """Every page leads to itself."""
    await redirecting(request.path)(request, writer)


@cache
def packed(encoding: str, size: int = BOMB) -> bytes:
    """A body that is ``size`` bytes of text once it is decoded."""
    text = b"a" * size
    if encoding == "deflate":
        return zlib.compress(text, 9)
    once = gzip.compress(text, 9)
    return gzip.compress(once, 9) if encoding == "gzip, gzip" else once


def bomb(encoding: str) -> Answer:
    """A small body that becomes a large one."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await page(packed(encoding), "text/plain; charset=utf-8", content_encoding=encoding)(request, writer)

    return answer


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    """Chunks without an end; after 400 MB it is clear what becomes of them."""
    if request.path == "/robots.txt":
        await missing(request, writer)
        return
    send(writer, b"", "text/plain; charset=utf-8", content_length="", transfer_encoding="chunked")
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    for _ in range(400 * MEGABYTE // 0x10000):
        writer.write(chunk)
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def dripping(request: Request, writer: asyncio.StreamWriter) -> None:
    """A byte a second, for two minutes."""
    if request.path == "/robots.txt":
        await missing(request, writer)
        return
    send(writer, b"", "text/plain; charset=utf-8", content_length="120")
    for _ in range(120):
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(1)


async def lying(request: Request, writer: asyncio.StreamWriter) -> None:
    """Says that there is more than there is, and ends."""
    if request.path == "/robots.txt":
        await missing(request, writer)
    else:
        send(writer, PAGE, content_length="99999999999999")


def _circular_pdf() -> bytes:
    objects = (
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
        b"2 0 obj\n<< /Type /Pages /Kids [2 0 R] /Parent 2 0 R /Count 1 >>\nendobj\n",
    )
    body = b"%PDF-1.4\n" + b"".join(objects)
    at = len(body)
    entries = b"0000000000 65535 f \n0000000009 00000 n \n%010d 00000 n \n" % (9 + len(objects[0]))
    return body + b"xref\n0 3\n" + entries + b"trailer\n<< /Size 3 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (at, at)


def _entities() -> bytes:
    lines = ['<!ENTITY a0 "laughing ">'] + [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, ENTITIES)]
    return f'<?xml version="1.0"?><!DOCTYPE html [{"".join(lines)}]><html><body><p>&a{ENTITIES - 1};</p></body></html>'.encode()


PDF: Final = _circular_pdf()
DEEP: Final = b"<html><body>" + b"<div>" * 100_000 + PARAGRAPH.encode() + b"</div>" * 100_000 + b"</body></html>"
_OWN_ROBOTS: Final = b"User-agent: *\nDisallow: /\n"

SITES: Final[dict[str, Answer]] = {
    "page.test": page(),
    "kept.test": page(cache_control="public, max-age=3600", etag='"1"'),
    "to-loopback.test": redirecting("http://127.0.0.1/"),
    "to-metadata.test": redirecting("http://169.254.169.254/latest/meta-data/"),
    "to-file.test": redirecting("file:///etc/passwd"),
    "robots-to-loopback.test": redirecting("http://127.0.0.1/robots.txt", robots=True),
    "pdf-to-loopback.test": redirecting("http://127.0.0.1/paper.pdf"),
    "looping.test": looping,
    "to-page.test": redirecting("http://page.test/"),
    "gzip.test": bomb("gzip"),
    "deflate.test": bomb("deflate"),
    "nested.test": bomb("gzip, gzip"),
    "endless.test": endless,
    "dripping.test": dripping,
    "lying.test": lying,
    "pdf-as-text.test": page(PDF, "text/plain; charset=utf-8"),
    "pdf.test": page(PDF, "application/pdf"),
    "entities.test": page(_entities(), "application/xhtml+xml"),
    "deep.test": page(DEEP),
    "large-robots.test": robots(b"# nothing\n" * MEGABYTE),
    "robots-503.test": robots(b"", "503 Service Unavailable"),
    "robots-429.test": robots(b"", "429 Too Many Requests"),
    "robots-no.test": robots(_OWN_ROBOTS),
    "to-robots-no.test": redirecting("http://robots-no.test/"),
}
