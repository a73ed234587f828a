from __future__ import annotations

from synapse.contracts.run import RunRequest
from synapse.service import census
from synapse.service.census import Backlog
from tests.unit.dead import DIED, corpse
from tests.unit.workbench import Workbench


def test_every_queue_is_there_also_when_nothing_waits(bench: Workbench) -> None:
    taken = census.take(bench.service.runtime)
    assert set(taken.queues) == set(taken.dead_letters) == set(bench.service.runtime.registry.queues())
    assert all(backlog == Backlog(0, 0.0) for backlog in taken.queues.values())


def test_a_backlog_is_as_old_as_its_oldest_step_whether_its_message_was_doubted_or_not(bench: Workbench) -> None:
    run = bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run
    queue = bench.service.agent(run.steps[0].agent).queue
    rows = bench.service.runtime.database.driver.rows
    rows("UPDATE step SET due = due - 100 WHERE run = :run RETURNING 1", {"run": run.id})
    first = census.take(bench.service.runtime).queues[queue]
    assert first.steps == 1
    assert 100 <= first.age < 200
    rows("UPDATE step SET hints = 1, due = due + 5000, created_at = created_at - 900 WHERE run = :run RETURNING 1", {"run": run.id})
    assert 900 <= census.take(bench.service.runtime).queues[queue].age < 1000


def test_an_agent_that_is_not_installed_here_makes_no_name_of_its_own(bench: Workbench) -> None:
    run = bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run
    bench.service.runtime.database.driver.rows("UPDATE step SET agent = 'foreign.thing' WHERE run = :run RETURNING 1", {"run": run.id})
    taken = census.take(bench.service.runtime)
    assert taken.queues["other"].steps == 1
    assert "synapse-foreign" not in taken.queues


def test_dead_letters_are_counted_by_their_queue(bench: Workbench) -> None:
    letters = bench.service.runtime.database.dead_letters
    letters.record([corpse(b"1", queue="synapse-search"), corpse(b"2", queue="synapse-search"), corpse(b"3", queue="of-others")], DIED)
    found = census.take(bench.service.runtime).dead_letters
    assert found["synapse-search"] == 2
    assert found["other"] == 1
    assert sum(found.values()) == 3
