from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from synapse.cli.filters import Filters, filtered


@pytest.fixture
def told() -> list[tuple[str, Filters, int]]:
    return []


@pytest.fixture
def app(told: list[tuple[str, Filters, int]]) -> typer.Typer:
    made = typer.Typer(add_completion=False)

    @made.command()
    @filtered
    def find(what: str, filters: Filters, limit: Annotated[int, typer.Option("--limit")] = 20) -> None:
        """Find things."""
        told.append((what, filters, limit))

    return made


def test_a_command_has_the_options_and_gets_what_was_given_by_them(app: typer.Typer, told: list[tuple[str, Filters, int]]) -> None:
    given = ["x", "--state", "failed", "--state", "running", "--after", "2026-01-01T00:00:00Z", "--limit", "3"]
    assert CliRunner().invoke(app, given).exit_code == 0
    ((what, filters, limit),) = told
    assert (what, limit) == ("x", 3)
    assert {name: value for name, value in filters.items() if value} == {
        "state": ["failed", "running"],
        "created_after": "2026-01-01T00:00:00Z",
    }
    assert filters.keys() == Filters.__annotations__.keys()


def test_the_options_stand_where_the_parameter_stood(app: typer.Typer) -> None:
    options = [option.name for option in typer.main.get_command(app).params]
    assert options == ["what", "state", "workflow", "label", "search", "created_after", "created_before", "limit"]
