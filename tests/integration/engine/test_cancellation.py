"""Cancelling and running out of time reach steps wherever they are: queued, waiting, under way, and hanging."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from synapse.contracts.run import Failure
from tests.integration.engine.conftest import Client, WorkerProcesses
from tests.there import there
from tests.waiting import until

HANGING = "{name: hanging, do: {step: hang, agent: test.hang, with: {thing: \"'h'\", folder: input.folder}%s}}"
WAITING = "{name: waiting, do: {step: wait, agent: test.wait, with: {thing: \"'w'\", folder: input.folder}}}"
RETRYING = """
name: retrying
do: {step: again, agent: test.work, with: {thing: "'unready-1'", folder: input.folder}, retry: {attempts: 9, delay: 3600, max_delay: 3600}}
"""
PREFORK = ("-P", "prefork", "-c", "1")


def hanging(client: Client, folder: Path, definition: str = HANGING % "", timeout: float = 300.0) -> tuple[str, int]:
    """A run whose step hangs, and the process that it hangs in."""
    run = client.begin(definition, {}, timeout=timeout)
    mark = folder / "hangs-1"
    until(lambda: mark.exists() and mark.read_text(), "the step begins")
    return run, int(mark.read_text())


def test_a_plain_function_that_hangs_is_ended_with_its_process_and_the_worker_goes_on(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    workers.start(*PREFORK)
    run, pid = hanging(client, tmp_path)
    assert client.runtime.database.lifecycle.cancel(run, "enough")
    cancelled = monotonic()
    until(lambda: not Path(f"/proc/{pid}").exists(), "its process is ended")
    print(f"a hanging function was ended {monotonic() - cancelled:.2f} s after its run was cancelled")
    (tmp_path / "go").touch()
    other = client.begin(HANGING % "", {})
    assert client.ended(other).state == "succeeded"
    assert client.run(run).state == "cancelled"
    assert client.events(run)[-1].name == "run.cancelled"


def test_an_agent_that_waits_is_cancelled_where_it_waits(client: Client, workers: WorkerProcesses, tmp_path: Path) -> None:
    workers.start()
    run = client.begin(WAITING, {})
    until((tmp_path / "waiting").exists, "the step begins")
    client.runtime.database.lifecycle.cancel(run, "enough")
    cancelled = monotonic()
    until((tmp_path / "cancelled").exists, "the agent hears of it")
    print(f"a waiting agent heard of it {monotonic() - cancelled:.2f} s after its run was cancelled")


def test_a_function_that_overruns_its_time_fails_its_step_whatever_the_pool(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    workers.start(*PREFORK)
    run, pid = hanging(client, tmp_path, HANGING % ", timeout: 1")
    ended = client.ended(run)
    assert ended.error == Failure(code="timeout", message="no result within 1 seconds")
    until(lambda: not Path(f"/proc/{pid}").exists(), "its process is ended")


def test_a_function_is_ended_when_what_its_run_had_left_is_over_whatever_it_may_take_itself(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    # Nobody sweeps: it is the attempt's own time that ends it, not the reconciler.
    workers.start(*PREFORK, SYNAPSE_RECONCILE_SECONDS="600")
    run, pid = hanging(client, tmp_path, timeout=10.0)
    until(lambda: not Path(f"/proc/{pid}").exists(), "its process is ended")
    ended = client.ended(run)
    assert there(ended.error, "error").code == "timeout"
    assert [event.name for event in client.events(run)][-2:] == ["step.failed", "run.failed"]


def test_with_threads_a_function_that_overruns_goes_on_and_what_it_gives_is_refused(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    workers.start("-P", "threads", "-c", "2")
    run, pid = hanging(client, tmp_path, HANGING % ", timeout: 1")
    assert client.ended(run).error == Failure(code="timeout", message="no result within 1 seconds")
    assert Path(f"/proc/{pid}").exists()
    (tmp_path / "go").touch()
    assert client.ended(client.begin(HANGING % "", {})).state == "succeeded"
    assert [event.name for event in client.events(run)][-2:] == ["step.failed", "run.failed"]
    assert workers.started[0].running


def test_what_comes_after_the_run_was_cancelled_is_refused(client: Client, workers: WorkerProcesses, tmp_path: Path) -> None:
    workers.start("-P", "threads", "-c", "1")
    run, _ = hanging(client, tmp_path)
    client.runtime.database.lifecycle.cancel(run, "enough")
    (tmp_path / "go").touch()
    # One thread: when it has done another step, the first one's result has been given.
    assert client.ended(client.begin(HANGING % "", {})).state == "succeeded"
    assert client.events(run)[-1].name == "run.cancelled"
    assert client.run(run).steps[0].output is None


@pytest.mark.parametrize("definition", [RETRYING, HANGING % ""], ids=["waiting", "queued"])
def test_a_step_that_has_not_begun_never_does(client: Client, workers: WorkerProcesses, tmp_path: Path, definition: str) -> None:
    if definition is RETRYING:
        workers.start()
    run = client.begin(definition, {})
    if definition is RETRYING:
        until(lambda: client.events(run, "step.retrying"), "it waits for its next try")
    client.runtime.database.lifecycle.cancel(run, "enough")
    cancelled, rows = monotonic(), client.runtime.database.driver.rows
    until(lambda: rows("SELECT 1 FROM step WHERE run = :run AND state = 'ready' AND due IS NULL", {"run": run}), "it is at rest")
    where = "waiting" if definition is RETRYING else "queued"
    print(f"a {where} step was at rest {monotonic() - cancelled:.2f} s after its run was cancelled")
    if definition is not RETRYING:
        workers.start()
    (tmp_path / "go").touch()
    assert client.ended(client.begin(HANGING % "", {})).state == "succeeded"
    client.runtime.database.driver.rows("UPDATE step SET due = {in:ago} WHERE run = :run AND due IS NOT NULL", {"run": run, "ago": -1.0})
    client.runtime.database.reconciler.sweep()
    assert client.events(run)[-1].name == "run.cancelled"


def test_a_workflow_that_no_worker_can_read_fails_its_run_with_the_reason(client: Client, workers: WorkerProcesses) -> None:
    run = client.begin(HANGING % "", {}, publish=False, timeout=3600.0)
    rows = client.runtime.database.driver.rows
    rows('UPDATE workflow SET body = \'{"name": "hanging", "do": {"from_the_future": 1}}\'', {})
    workers.start(SYNAPSE_HINT_GRACE_SECONDS="0.5")
    until(lambda: client.events(run, "step.lost"), "it is left to another worker")
    # As if it had begun long ago, and no worker of another version had come.
    rows("UPDATE step SET created_at = {in:ago} WHERE run = :run", {"run": run, "ago": -2000.0})
    rows("UPDATE run SET deadline = {in:rest} + make_interval(secs => timeout) WHERE id = :run", {"run": run, "rest": -2000.0})
    found = until(lambda: rows("SELECT error FROM run WHERE id = :run AND state = 'failed'", {"run": run}), "it fails")
    assert found[0][0]["code"] == "unreadable-workflow"
    assert [event.name for event in client.events(run)][-2:] == ["step.failed", "run.failed"]
