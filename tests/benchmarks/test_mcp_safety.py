"""The list of hostile inputs: what a verdict on several attempts is, and that the page in the reference has all that is tried."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

from benchmarks.mcp_safety import fetching, files, protocol
from benchmarks.mcp_safety.memory import resident
from benchmarks.mcp_safety.page import Row, written
from benchmarks.mcp_safety.sites import SITES
from benchmarks.mcp_safety.verdict import Outcome, Verdict, not_applicable, worst

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mcp-safety.md"
CASES = [*fetching.CASES, *files.CASES, *protocol.CASES]
REFUSED = Verdict(Outcome.REFUSED)


def test_several_attempts_are_as_bad_as_the_worst_of_them() -> None:
    mixed = worst([("a", REFUSED), ("b", Verdict(Outcome.LEAKED, "read")), ("c", Verdict(Outcome.ACCEPTED))])
    assert (mixed.outcome, mixed.note, mixed.safe) == (Outcome.LEAKED, "2 of 3: `b` (read), `c`", False)
    assert worst([("a", REFUSED), ("b", Verdict(Outcome.ANSWERED))]) == Verdict(Outcome.ANSWERED, "2 of 2")


def test_what_does_not_apply_counts_neither_for_a_server_nor_against_it() -> None:
    rows = [
        Row(1, "x", "refuse", {"ours": REFUSED, "theirs": not_applicable("none")}),
        Row(2, "y", "refuse", {"ours": REFUSED, "theirs": REFUSED}),
    ]
    text = written({"date": "d", "python": "p", "cores": "2", "system": "s"}, {"Files": rows}, [])
    assert "ours: safe in 2 of 2; theirs: safe in 1 of 1." in text


def test_every_line_of_the_list_has_a_case() -> None:
    assert {case.line for case in CASES} == {*range(1, 15), 16}


def test_the_page_has_exactly_the_rows_that_are_tried() -> None:
    shown = [(int(line), tried) for line, tried in re.findall(r"^\| (\d+) \| (.+?) \|", PAGE.read_text("utf-8"), re.MULTILINE)]
    assert shown == [(case.line, case.tried) for case in CASES]


def test_every_site_that_is_led_to_is_there() -> None:
    source = Path(fetching.__file__).read_text("utf-8")
    assert set(re.findall(r'"([a-z0-9-]+\.test)"', source)) <= SITES.keys()


def test_what_a_copy_of_a_process_shares_with_it_counts_once() -> None:
    script = "import os, sys; data = b'x' * 60_000_000; copy = os.fork(); copy and print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        out, into = cast(IO[bytes], process.stdout), cast(IO[bytes], process.stdin)
        assert out.readline() == b"ready\n"
        assert 60_000_000 < resident(process.pid) < 110_000_000
        into.close()
    assert resident(process.pid) == 0
