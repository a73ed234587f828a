from __future__ import annotations

from datetime import timedelta
from io import StringIO

from rich.console import Console

from synapse.cli.progress import Progress
from synapse.cli.progress_view import Watching, tree
from tests.unit.cli.test_progress import BEGAN, EVENTS, event, told


def _drawn(progress: Progress, seconds: float = 1.0) -> list[str]:
    console = Console(file=StringIO(), width=140)
    console.print(tree(progress, BEGAN + timedelta(seconds=seconds)))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined] # a StringIO


def test_the_tree_has_a_line_for_each_node_and_each_member_with_state_tries_and_time() -> None:
    lines = [" ".join(line.replace("━", "").split()) for line in _drawn(told(*EVENTS))]
    assert lines == [
        "▸ run 3/4 0.90 s",
        "├ ✓ plan plan the search 0.10 s",
        "└ · read read pages 2/3 0.50 s",
        "├ ✓ [0] try 2 0.30 s",
        "├ – [1] 0.10 s no text",
        "└ · [2]",
    ]


def test_the_time_of_what_is_under_way_goes_on() -> None:
    assert _drawn(told(*EVENTS[:4]), seconds=2.4)[-3].endswith("2.00 s")
    assert _drawn(told(*EVENTS[:4]), seconds=3.4)[-3].endswith("3.00 s")


def test_of_many_members_those_of_interest_have_a_line() -> None:
    progress = told(event(1, "run.created", next=[f"read[{number}]" for number in range(40)]), event(2, "step.started", "read[7]", "a"))
    lines = _drawn(progress)
    assert len(lines) == 4
    assert lines[2].split()[:3] == ["├", "▸", "[7]"]
    assert "39 more" in lines[3]


def test_a_wait_says_what_is_asked_without_control_characters() -> None:
    (line,) = _drawn(told(event(1, "step.waiting", "w", kind="approval", signal="publish", ask="Publish\x1b[2J?", seconds=60.0)))[1:]
    assert " ".join(line.split()) == "└ … publish wait for approval 0.90 s Publish[2J?, for 60 s"


def test_without_a_terminal_each_thing_that_happened_is_a_line() -> None:
    console = Console(file=StringIO(), width=100)
    last = Watching(console)([*EVENTS, event(10, "step.waiting", "t", kind="timer", until="2027-01-01T00:00:00+00:00")])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined] # a StringIO
    assert last is not None
    assert len(lines) == 6
    assert "slow[31m page, again in 1.5 s" in lines[2]
    assert "until 2027-01-01T00:00:00+00:00" in lines[-1]
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_it_is_a_tree_that_changes() -> None:
    console = Console(file=StringIO(), width=120, force_terminal=True)
    Watching(console)(EVENTS)
    shown = console.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    assert "read pages" in shown
    assert "2/3" in shown
