"""What PostgreSQL makes of the statements on a step's way, in tables of which it knows nothing yet: look-ups by key, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.state.test_parity import KEEP, NESTED
from tests.unit.state.house import House

pytestmark = pytest.mark.postgres
_KEYS = {"run_pkey", "step_pkey", "fan_out_pkey"}


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The plan of each statement with parameters, explained on its own connection right before it."""
    found: list[tuple[str, dict[str, Any]]] = []
    execute = psycopg.Connection.execute

    def explained(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if params:
            (plan,) = execute(self, b"EXPLAIN (FORMAT JSON) " + query, params).fetchone() or ({},)
            found.append((query.decode(), (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
        return execute(self, query, params, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", explained)
    return found


def test_every_row_of_a_claim_or_a_completion_is_looked_up_by_its_run(
    postgres_house: House, plans: list[tuple[str, dict[str, Any]]]
) -> None:
    house = postgres_house
    run = house.begin(NESTED, {"q": "why"})
    plans.clear()
    waiting = [house.take(run, "a")]
    while waiting:
        attempt = waiting.pop()
        outcome = house.complete(attempt, {"at": attempt.place, "items": ["x", "y"]}, KEEP)
        waiting += [outcome.kept] if outcome.kept is not None else []
        waiting += [house.take(run, hint.place) for hint in outcome.hints]
    nodes = [(query, node) for query, plan in plans for node in _nodes(plan)]
    assert not [query for query, node in nodes if node["Node Type"] == "Seq Scan"]
    looked_up = [(query, node) for query, node in nodes if node.get("Index Name") in _KEYS]
    assert {node["Index Name"] for _, node in looked_up} == _KEYS
    for query, node in looked_up:
        # Not the run that another part of the statement has found: `(run = counted.id)`.
        assert re.search(r"\((run|id) = ('|\$)", node.get("Index Cond", "")), f"{node} in {query}"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
