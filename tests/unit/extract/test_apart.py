from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synapse.errors import Permanent, Transient
from synapse.extract import apart as module
from synapse.extract.apart import Apart, Here, readers
from synapse.extract.document import extract
from tests.unit.extract.hostile import DEEDS
from tests.unit.extract.papers import pdf
from tests.waiting import PATIENCE, until

HOSTILE = "tests.unit.extract.hostile"
PAGE = b"<html><head><title>On cats</title></head><body><p>Cats sleep most of the day, in warm places.</p></body></html>"
PAGES = sorted((Path(__file__).parents[3] / "benchmarks" / "quality" / "handbook" / "documents").glob("**/*.html"))


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    apart = Apart(seconds=PATIENCE)
    yield apart
    apart.close()


@pytest.fixture(scope="module")
def _hostile() -> Iterator[Apart]:
    apart = Apart(seconds=PATIENCE, program=HOSTILE)
    yield apart
    apart.close()


@pytest.fixture
async def hostile(_hostile: Apart) -> Apart:
    # A page in between, so that no limit of a test counts what it takes to load the readers.
    assert (await _hostile.extract(PAGE, "text/html")).title == "On cats"
    return _hostile


async def test_what_is_read_apart_is_what_is_read_here(apart: Apart) -> None:
    assert len(PAGES) > 7
    for number, page in enumerate(PAGES):
        data, url = page.read_bytes(), f"http://host{number}.example/2024/{page.name}"
        assert await apart.extract(data, "text/html", url=url) == extract(data, "text/html", url=url)


async def test_other_kinds_are_read_apart_too(apart: Apart) -> None:
    paper = pdf([[(72, 700, 10, "Cats sleep.")], [(72, 700, 10, "Dogs bark.")]], {"Title": "On cats", "Author": "A. Cat"}, language="en")
    for data, kind, charset in (
        (paper, "application/pdf", None),
        ("Größe".encode("cp1252"), "text/plain", "cp1252"),
        (b"# On cats", "text/markdown", None),
    ):
        assert await apart.extract(data, kind, charset=charset) == extract(data, kind, charset=charset)
    assert (await apart.extract("<p>カタカナの本文".encode("shift_jis"), "text/html", charset="shift_jis")).text == "カタカナの本文"


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"%PDF-1.7 broken", "application/pdf", "the PDF is broken"),
        (b"\x7fELF\0", "text/plain", "not text"),
        (b"x", "image/png", "cannot read"),
    ],
)
async def test_a_reason_for_which_nothing_is_read_comes_along(apart: Apart, data: bytes, kind: str, reason: str) -> None:
    with pytest.raises(Permanent, match=reason):
        await apart.extract(data, kind)


async def test_html_of_a_hundred_thousand_levels_and_a_pdf_in_circles_end(apart: Apart) -> None:
    deep = b"<html><body>" + b"<div>" * 100_000 + b"bottom" + b"</div>" * 100_000
    assert len((await apart.extract(deep, "text/html")).text) < 100
    circle = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2/Parent 2 0 R>>endobj "
        b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj "
        b"4 0 obj<</Length 4 0 R/Filter 4 0 R>>endobj\ntrailer<</Root 1 0 R/Prev 9>>\n"
    )
    with pytest.raises(Permanent, match="the PDF"):
        await apart.extract(circle, "application/pdf")


@pytest.mark.parametrize("deed", [b"spin", b"sleep"])
async def test_a_page_that_hangs_its_reader_is_killed_at_the_limit(hostile: Apart, monkeypatch: pytest.MonkeyPatch, deed: bytes) -> None:
    monkeypatch.setattr(hostile, "seconds", 0.3)
    with pytest.raises(Permanent, match=r"within 0\.3 seconds"):
        await hostile.extract(deed, "text/html")
    assert hostile._at_work == set()


async def test_a_page_that_eats_memory_is_refused_and_the_next_one_is_read(hostile: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(hostile, "memory", 50_000_000)
        with pytest.raises(Permanent, match="too much memory"):
            await hostile.extract(b"eat", "text/html")
    assert (await hostile.extract(PAGE, "text/html")).title == "On cats"


@pytest.mark.parametrize("deed", [b"crash", b"abort", b"say nothing", b"say half"])
async def test_a_page_that_breaks_its_reader_is_permanent_and_the_next_one_is_read(hostile: Apart, deed: bytes) -> None:
    with pytest.raises(Permanent, match="gave up"):
        await hostile.extract(deed, "text/html")
    assert (await hostile.extract(PAGE, "text/html")).title == "On cats"


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if deed.startswith(b"say") and deed not in (b"say nothing", b"say half")])
async def test_a_reader_that_was_taken_over_can_answer_nothing_but_a_document(hostile: Apart, deed: bytes) -> None:
    with pytest.raises(Permanent, match=r"could not be read|too much text"):
        await hostile.extract(deed, "text/html")


async def test_what_fails_inside_is_logged_without_what_it_says(hostile: Apart, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Permanent, match="could not be read"):
        await hostile.extract(b"raise", "text/html")
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_reader_opens_no_file_and_no_socket(hostile: Apart) -> None:
    outcomes = json.loads((await hostile.extract(b"reach", "text/html")).text)
    assert outcomes == ["Too many open files"] * len(outcomes) != []


async def test_a_reader_knows_no_variable_that_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_MCP_TOKEN", "secret")
    monkeypatch.setenv("BRAVE_KEY", "secret")
    apart = Apart(seconds=PATIENCE, program=HOSTILE)
    try:
        known = json.loads((await apart.extract(b"environment", "text/html")).text)
    finally:
        apart.close()
    assert "PATH" in known
    assert "secret" not in known.values()
    assert set(known) <= {*module._KEPT, "PYTHONPATH", "LC_CTYPE"}


async def _at_work(apart: Apart) -> tuple[asyncio.Task[object], int]:
    """A page that is being read, and a descriptor that can be read from once its process has ended."""
    task: asyncio.Task[object] = asyncio.create_task(apart.extract(b"sleep", "text/html"))
    async with asyncio.timeout(PATIENCE):
        while not apart._at_work:
            await asyncio.sleep(0.001)
    return task, os.dup(next(iter(apart._at_work)))


def _has_ended(process: int) -> bool:
    return bool(select.select([process], [], [], 0)[0])


async def test_cancelling_kills(hostile: Apart) -> None:
    task, process = await _at_work(hostile)
    assert not _has_ended(process)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    until(lambda: _has_ended(process), "the reader's end")
    os.close(process)


async def test_closing_kills_the_readers_and_what_they_were_copied_from() -> None:
    apart = Apart(seconds=PATIENCE, program=HOSTILE)
    task, process = await _at_work(apart)
    assert apart._nursery is not None
    nursery = os.pidfd_open(apart._nursery._process.pid)
    apart.close()
    with pytest.raises(Permanent, match="gave up"):
        await task
    until(lambda: _has_ended(process) and _has_ended(nursery), "the end of both")
    os.close(process)
    os.close(nursery)
    apart.close()


async def test_so_many_are_read_at_once_and_no_more(hostile: Apart) -> None:
    tasks = [asyncio.create_task(hostile.extract(b"sleep", "text/html")) for _ in range(5)]
    async with asyncio.timeout(PATIENCE):
        while len(hostile._at_work) < hostile.at_once:
            await asyncio.sleep(0.001)
    assert sum(not task.done() for task in tasks) == 5
    assert len(hostile._at_work) == hostile.at_once == 2
    for task in tasks:
        task.cancel()
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in await asyncio.gather(*tasks, return_exceptions=True))


async def test_a_nursery_that_was_killed_is_replaced(hostile: Apart) -> None:
    assert hostile._nursery is not None
    nursery = hostile._nursery
    nursery._process.send_signal(signal.SIGKILL)
    until(lambda: not nursery.alive, "its end")
    assert (await hostile.extract(PAGE, "text/html")).title == "On cats"
    assert hostile._nursery is not nursery


async def test_what_keeps_the_readers_from_being_loaded_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    barren = "from synapse.extract import nursery\ndef prepare(): raise ImportError('no lxml')\nnursery.prepare = prepare\nnursery.main()\n"
    (tmp_path / "barren.py").write_text(barren)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    apart = Apart(program="barren")
    with pytest.raises(Transient, match="does not start"):
        await apart.extract(PAGE, "text/html")
    assert "no lxml" in caplog.text
    apart.close()


async def test_where_no_process_can_be_started_the_page_may_be_read_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(module.subprocess, "Popen", full)
    apart = Apart()
    apart.warm()
    with pytest.raises(Transient, match="Resource temporarily unavailable"):
        await apart.extract(PAGE, "text/html")
    apart.close()


def test_nobody_is_left_when_the_server_is_killed() -> None:
    code = (
        "import os; from synapse.extract.apart import Apart; apart = Apart(); apart.warm()\n"
        "print(apart._nursery._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False).stdout)

    def is_gone() -> bool:
        try:
            return b"nursery" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return True

    until(is_gone, "the end of the nursery")


async def test_in_this_process_pages_are_read_as_well() -> None:
    here = Here()
    here.warm()
    assert (await here.extract(PAGE, "text/html")).title == "On cats"
    here.close()


def test_a_system_that_cannot_tell_processes_apart_is_told_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(readers(1, 2.0, 3), Apart)
    assert caplog.text == ""

    def missing(_: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", missing)
    with caplog.at_level(logging.WARNING):
        assert isinstance(readers(1, 2.0, 3), Here)
    assert "Function not implemented" in caplog.text
    monkeypatch.delattr(os, "fork")
    assert isinstance(readers(1, 2.0, 3), Here)
    assert "no fork" in caplog.text
