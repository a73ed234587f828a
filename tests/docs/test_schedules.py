"""The page on schedules: its program is run, and what it says of clocks that change is what is due."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from synapse.contracts.schedule import Timing
from synapse.workflows.timetable import Timetable
from tests.docs.pages import ROOT, write
from tests.docs.running import environment, up

PAGE = ROOT / "docs/howto/schedules.md"
DAYS = ("2026-03-29", "2026-10-25")
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.timeout(300)
def test_the_program_of_the_page_makes_a_schedule_and_triggers_it(tmp_path: Path) -> None:
    env = environment(tmp_path)
    write(PAGE, tmp_path)
    with up(tmp_path, env) as api:
        program = [sys.executable, str(tmp_path / "nightly.py")]
        done = subprocess.run(program, env={**env, "SYNAPSE_API_URL": api.url}, capture_output=True, text=True, check=False, timeout=200)
        (made,) = api.schedules().schedules
    assert done.returncode == 0, done.stderr
    would, began, row = done.stdout.splitlines()
    assert would.count("T02:30:00+0") == 3
    assert (began, row.split()) == ("began succeeded", ["fired", "succeeded"])
    assert (made.name, made.catch_up_limit, made.run.priority) == ("nightly", 3, 3)


def due(expression: str, day: str) -> list[str]:
    """The times of a day that are due, as clocks in Berlin show them."""
    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(hours=3)
    timetable = Timetable.of(Timing(cron=expression, time_zone="Europe/Berlin"), begin)
    shown = [timetable.local(each) for each in timetable.latest(begin + timedelta(hours=30), 100, begin.astimezone(UTC))]
    return [text[11:16] for text in shown if text.startswith(day)]


@pytest.mark.parametrize("row", [row for row in ROW.findall(PAGE.read_text("utf-8")) if "*" in row[0]], ids=lambda row: row[0])
def test_what_the_page_says_of_changing_clocks_is_so(row: tuple[str, str, str]) -> None:
    expression, *said = row
    for day, words in zip(DAYS, said, strict=True):
        found = due(expression, day)
        if times := re.match(r"(\d+) times", words):
            assert len(found) == int(times[1])
            assert found.count("02:00") == (2 if "twice" in words else 0)
        else:
            assert found == re.findall(r"\d\d:\d\d", words)


def test_all_four_expressions_of_the_page_are_tried() -> None:
    assert len([row for row in ROW.findall(PAGE.read_text("utf-8")) if "*" in row[0]]) == 4
