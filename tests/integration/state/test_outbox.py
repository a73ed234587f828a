"""`tests/unit/state/test_outbox.py`, asked of both databases, and what the end of a run costs on PostgreSQL."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.unit.state.house import House, foreach, step
from tests.unit.state.test_outbox import *  # noqa: F403
from tests.unit.state.test_outbox import hook, told

TREES: dict[str, tuple[dict[str, Any], str]] = {
    "single": (step("a"), "a"),
    "chain": ({"chain": [step("z"), step("a")]}, "a"),
    "member": (foreach("f", step("a"), items="[`1`]"), "a[0]"),
}


def counted(house: House, monkeypatch: pytest.MonkeyPatch, shape: str) -> int:
    """Statements that the completion of the last step takes."""
    tree, last = TREES[shape]
    run = house.begin(tree)
    if shape == "chain":
        house.do(run, "z")
    attempt = house.take(run, last)
    statements: list[Any] = []
    execute = psycopg.Connection.execute

    def counting(self: Any, query: Any, *more: Any, **options: Any) -> Any:
        statements.append(query)
        return execute(self, query, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "execute", counting)
        assert house.complete(attempt).run_ended
    return len(statements)


@pytest.mark.parametrize("shape", ["single", "chain"])
def test_the_end_of_a_run_is_one_statement_whether_anybody_is_told_or_not(
    postgres_house: House, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    assert counted(postgres_house, monkeypatch, shape) == 1
    hook(postgres_house, "w1")
    assert counted(postgres_house, monkeypatch, shape) == 1
    assert [event for _, event, _, _ in told(postgres_house)] == ["run.completed"]


def test_who_is_told_costs_a_transaction_no_further_statement(postgres_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = counted(postgres_house, monkeypatch, "member")
    hook(postgres_house, "w1")
    assert counted(postgres_house, monkeypatch, "member") == alone
    assert [event for _, event, _, _ in told(postgres_house)] == ["run.completed"]
