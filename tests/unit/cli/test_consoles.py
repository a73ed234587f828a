from __future__ import annotations

import pytest
from rich.text import Text

from synapse.cli import consoles


def test_piped_output_is_plain_and_of_a_fixed_width(capsys: pytest.CaptureFixture[str]) -> None:
    consoles.out().print(Text("red", "red"))
    consoles.err().print(Text("green", "green"))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("red\n", "green\n")
    assert consoles.out().width == 100
