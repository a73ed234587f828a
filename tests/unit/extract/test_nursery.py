from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synapse.extract import nursery
from synapse.extract.nursery import framed, receive

ROOT = Path(__file__).parents[3]


def _run(code: str) -> Any:
    return json.loads(subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def test_a_frame_is_received_as_it_was_sent_and_no_larger_than_allowed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(framed(b"") + framed(b"page") + framed(b"longer") + framed(b"cut")[:-1])
        theirs.shutdown(socket.SHUT_WR)
        assert receive(ours, 0) == b""
        assert receive(ours, 4) == b"page"
        with pytest.raises(ValueError, match="6 bytes"):
            receive(ours, 5)
        assert ours.recv(6) == b"longer"
        with pytest.raises(EOFError):
            receive(ours, 10)


def test_the_limits_are_of_what_is_added_and_cannot_be_taken_back() -> None:
    limits = _run(
        "import json, os, resource, signal; from synapse.extract import nursery\n"
        "own = nursery._addresses(); ballast = bytearray(200_000_000); nursery.limit(40.5, 30_000_000)\n"
        "names = ('AS', 'CPU', 'CORE', 'FSIZE', 'NOFILE', 'NPROC')\n"
        "found = {name: resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in names}\n"
        "try: more = bytearray(60_000_000)\n"
        "except MemoryError: more = None\n"
        "print(json.dumps([found, own, more is None, signal.getitimer(signal.ITIMER_REAL)[0]]))"
    )
    found, own, is_refused, left = limits
    assert is_refused
    assert 0 < left <= 40.5
    soft, hard = found.pop("AS")
    assert own + 200_000_000 < soft == hard < own + 300_000_000
    assert found == {"CPU": [41, 41], "CORE": [0, 0], "FSIZE": [0, 0], "NOFILE": [0, 0], "NPROC": [0, 0]}


def test_a_limit_that_is_lower_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1, 7))
    monkeypatch.setattr(resource, "setrlimit", kept.__setitem__)
    monkeypatch.setattr(nursery.signal, "signal", lambda *_: None)
    monkeypatch.setattr(nursery.signal, "setitimer", lambda *_: None)
    nursery.limit(60, 1_000)
    assert kept[resource.RLIMIT_CPU] == kept[resource.RLIMIT_AS] == (7, 7)
    assert kept[resource.RLIMIT_NOFILE] == (0, 0)


def test_once_loaded_it_opens_nothing_for_a_page_and_has_one_thread() -> None:
    opened, threads = _run(
        "import glob, json, sys, threading; from synapse.extract import nursery; from synapse.extract.document import extract\n"
        "from tests.unit.extract.papers import pdf\n"
        "paths = glob.glob('benchmarks/quality/handbook/documents/**/*.html', recursive=True)\n"
        "pages = [(open(path, 'rb').read(), 'text/html') for path in paths]\n"
        "pages += [(pdf([[(72, 700, 10, 'Cats sleep.')]], {'Title': 'On cats'}), 'application/pdf')]\n"
        "assert len(pages) > 8\n"
        "nursery.prepare(); opened = []; noting = ('open', 'socket.__new__', 'socket.connect', 'socket.getaddrinfo', 'subprocess.Popen')\n"
        "sys.addaudithook(lambda event, args: opened.append([event, str(args[0])]) if event in noting else None)\n"
        "for url in ('http://b.example/', 'http://10.0.0.1/', 'http://[2606:4700::1]:80/', 'https://www.a.co.uk/2024/01/31/x', None):\n"
        "    for data, kind in pages: extract(data, kind, url=url)\n"
        "found = list(opened); print(json.dumps([found, threading.active_count()]))"
    )
    assert opened == []
    assert threads == 1


def test_it_ends_when_nobody_is_there_to_hand_over_a_page() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            command = [sys.executable, "-m", "synapse.extract.nursery", str(theirs.fileno())]
            process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        ours.close()
        assert process.wait(60) == 0


def test_why_it_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare() -> None:
        raise ImportError("no lxml")

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(nursery, "prepare", prepare)
    monkeypatch.setattr(nursery.Path, "write_text", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["nursery", str(theirs.detach())])
    with ours:
        nursery.main()
        assert b"no lxml" in ours.recv(500)
