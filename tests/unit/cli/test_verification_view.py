from __future__ import annotations

from io import StringIO

from rich.console import Console

from synapse.cli.verification_view import view
from synapse.contracts.verification import Check, Finding, Revisited, Today, Verification


def _shown(found: Verification) -> str:
    console = Console(file=StringIO(), width=100)
    console.print(view(found), soft_wrap=True)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return] # a StringIO


def test_a_report_that_holds_is_a_line_for_each_check() -> None:
    shown = _shown(Verification(run="r", holds=True, checks=(Check(name="quotes", checked=12),)))
    assert shown.splitlines() == ["✓  quotes stand at their place  12 checked, no fault", "", "All of it holds."]


def test_everything_that_does_not_hold_is_named_and_cannot_move_the_cursor() -> None:
    lost = Finding(where="evidence e1", what="was \x1b[2J said")
    found = Verification(
        run="r",
        holds=False,
        checks=(Check(name="quotes", checked=1, findings=(Finding(where="evidence e1", what="is elsewhere"),)),),
        sources=(
            Revisited(number=1, url="https://a.org/x", today=Today.QUOTES_GONE, quotes=(lost,)),
            Revisited(number=2, url="https://b.org/x", today=Today.GONE, error="the page answered 404"),
            Revisited(number=3, url="https://c.org/x", today=Today.CHANGED),
        ),
    )
    shown = _shown(found)
    assert "✗  quotes stand at their place  1 checked, 1 fault" in shown
    assert "  evidence e1: is elsewhere" in shown
    assert "[1] https://a.org/x: quotes gone\n  evidence e1: “was [2J said”" in shown
    assert "[2] https://b.org/x: gone (the page answered 404)" in shown
    assert "[3] https://c.org/x: text changed, all quotes still there" in shown
    assert shown.endswith("Not all of it holds.\n")
    assert "\x1b" not in shown
