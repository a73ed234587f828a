"""The order of locks is a matter of the text: what is locked first is named first and all else stands on it."""

from __future__ import annotations

import itertools

import pytest

from synapse.state.driver import _postgres
from synapse.state.fused_sql import COMPLETE_EARLY, claim_sql, complete_sql

KINDS = ("arrivals", "items", "steps")
COMPLETIONS = [
    complete_sql(arrives=arrives, joins=joins, steps=steps, ends=ends)
    for arrives, joins, steps, ends in itertools.product((True, False), repeat=4)
    if not (arrives and ends)
]
CLAIMS = [claim_sql(kinds) for size in range(4) for kinds in itertools.combinations(KINDS, size)]


@pytest.mark.parametrize("sql", [*COMPLETIONS, COMPLETE_EARLY])
def test_every_completion_checks_the_fence_and_the_run_s_state_and_locks_step_then_run_then_join(sql: str) -> None:
    assert "attempt = :attempt AND state = 'running' FOR UPDATE" in sql
    assert "run.state = 'running'" in sql
    assert sql.index("mine AS") < sql.index("run.state = 'running'")
    if "fan_out" in sql and "joined AS" in sql:
        assert sql.index("run.state = 'running'") < sql.index("UPDATE fan_out")
        assert "ON CONFLICT DO NOTHING" in sql


@pytest.mark.parametrize("sql", CLAIMS)
def test_every_claim_asks_for_the_deadline_and_fetches_what_was_named(sql: str) -> None:
    assert "run.deadline > now()" in sql
    assert sql.count("jsonb_agg") == sum(f":{kind}_node" in sql for kind in KINDS)


@pytest.mark.parametrize("sql", [*COMPLETIONS, *CLAIMS, COMPLETE_EARLY])
def test_nothing_of_the_template_is_left_in_what_is_sent(sql: str) -> None:
    sent = _postgres(sql).decode()
    assert "{{" not in sent
    assert "}}" not in sent
    assert not any(f"{{{macro}" in sent for macro in ("now", "in:", "json:", "position", "later", "fetched"))
    assert "greatest(run.position" in sent
