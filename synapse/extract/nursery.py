"""The program that pages are read in: it loads the readers once, and each page gets a copy of it that knows no other page.

Run as ``python -m synapse.extract.nursery DESCRIPTOR`` by `synapse.extract.apart`. On that socket sockets are handed over, one for each
page, and each is taken by a copy. That limits itself before it touches a byte: its time, its memory, and that it may open nothing,
neither a file nor a connection. It is asked and answers in frames: a length of eight bytes, then so many.
"""

from __future__ import annotations

import contextlib
import encodings
import gc
import importlib
import json
import math
import os
import pkgutil
import resource
import signal
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from synapse.errors import Permanent
from synapse.extract import pdf
from synapse.extract.document import extract

MOST_ANSWERED = 64_000_000
"""Bytes of an answer."""
LENGTH = 8
"""Bytes before each frame that tell how many follow."""
_WINDOWS = frozenset({"mbcs", "oem", "cp65001"})
_LAZY = ("_strptime", "xml.sax.xmlreader")
"""What the libraries import when a page makes them."""
_PARAGRAPH = "<p>A paragraph tells at some length what cats do all day, which is <b>mostly</b> sleeping.</p>"
_SAMPLE = (
    "<html lang=en><head><title>On cats</title><meta name=author content='A. Cat'><meta name=date content=2024-01-31></head><body>"
    f"<article><h1>On cats</h1>{_PARAGRAPH * 9}</article>"
)
_SAMPLE_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/Resources<</Font<</F 4 0 R/G 6 0 R>>>>/Contents 5 0 R>>endobj "
    b"4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj "
    b"5 0 obj<</Length 56>>stream\nBT /F 9 Tf 9 9 Td (Cats) Tj /G 9 Tf 0 20 Td (sleep) Tj ET   \nendstream endobj "
    b"6 0 obj<</Type/Font/Subtype/TrueType/BaseFont/Unknown>>endobj\ntrailer<</Root 1 0 R>>\n"
)


def framed(data: bytes) -> bytes:
    """One frame."""
    return len(data).to_bytes(LENGTH, "big") + data


def receive(connection: socket.socket, most: int) -> bytes:
    """Receive one frame. Raises EOFError for one that is cut short, ValueError for one of more than ``most`` bytes."""
    length = int.from_bytes(_exactly(connection, LENGTH), "big")
    if length > most:
        raise ValueError(f"a frame of {length} bytes")
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        chunk = connection.recv(min(1 << 20, length - len(data)))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def prepare() -> None:
    """Load what pages need, for a copy can open no file to load it from."""
    pdf.read_in_this_process()
    codecs = (module.name for module in pkgutil.iter_modules(encodings.__path__) if module.name not in _WINDOWS)
    for name in (*(f"encodings.{codec}" for codec in codecs), *_LAZY):
        importlib.import_module(name)
    # The short one takes the way of pages in which nothing was found; a host of one letter makes a list of top-level domains be read.
    for data, kind in ((_SAMPLE.encode(), "text/html"), (b"<html><body><div>short", "text/html"), (_SAMPLE_PDF, pdf.MEDIA_TYPE)):
        extract(data, kind, url="http://a.example/")
    gc.collect()
    gc.freeze()


def limit(seconds: float, memory: int) -> None:
    """Let this process have so many seconds of the clock and bytes of addresses more than it has, and open nothing any more."""
    most = memory + _addresses()
    cpu = math.ceil(seconds)
    for kind, wanted in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, hardest = resource.getrlimit(kind)
        value = wanted if hardest == resource.RLIM_INFINITY else min(wanted, hardest)
        resource.setrlimit(kind, (value, value))
    # The kernel ends the process by these, whatever code it is stuck in.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _addresses() -> int:
    """Bytes of addresses that this process has; the libraries that are loaded may be many times what it needs for a page."""
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()


def read(connection: socket.socket) -> None:
    """Answer what is asked on a connection: one page."""
    connection.sendall(os.getpid().to_bytes(LENGTH, "big"))
    asked = json.loads(receive(connection, 1_000_000))
    limit(asked.pop("seconds"), asked.pop("memory"))
    try:
        data = receive(connection, asked.pop("most"))
        raw = json.dumps({"document": asdict(extract(data, **asked))}).encode()
        if len(raw) > MOST_ANSWERED:
            raise Permanent("the page has too much text")
    except Permanent as error:
        raw = json.dumps({"permanent": error.detail}).encode()
    except MemoryError:
        raw = b'{"permanent": "the page needs too much memory"}'
    except Exception as error:
        raw = json.dumps({"failed": type(error).__name__}).encode()
    connection.sendall(framed(raw))


def serve(control: socket.socket) -> None:
    """Keep a copy waiting for the next connection, until nobody is there to hand one over.

    It is made before it is needed: to copy a process with all its libraries takes some milliseconds.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        taken, tell = os.pipe()
        if os.fork() == 0:
            _become_reader(control, tell)
        os.close(tell)
        is_taken = os.read(taken, 1)
        os.close(taken)
        if not is_taken:
            return


def _become_reader(control: socket.socket, tell: int) -> NoReturn:
    try:
        _, handed, _, _ = socket.recv_fds(control, 1, 1)
        control.close()
        if handed:
            os.write(tell, b"x")
            read(socket.socket(fileno=handed[0]))
    finally:
        os._exit(0)


def main() -> None:
    """Load the readers, then serve; what keeps it from that is told to who started this."""
    with contextlib.suppress(OSError):
        # Where memory runs out, a page's reader is to go rather than a server.
        Path("/proc/self/oom_score_adj").write_text("1000")
    with socket.socket(fileno=int(sys.argv[1])) as control:
        try:
            prepare()
            serve(control)
        except Exception as error:
            with contextlib.suppress(OSError):
                control.send(ascii(error).encode()[:500])


if __name__ == "__main__":
    main()
