"""DBOS in the two ways it can do the shape. `python -m benchmarks.engine.workloads.dbos WORKFLOW` is a worker.

`steps`: the worker that takes the run does all of it; a fan-out is steps of that workflow, at the same time. Fewest commits.
`queued`: the members of a fan-out are workflows on a queue, so that any worker may run them, as with the other systems.
Queues and results are polled; by default each second, here as often as pays.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine

from dbos import DBOS, DBOSConfig, WorkflowHandleAsync

from benchmarks.engine import shape
from benchmarks.engine.shape import Result

RUNS, MEMBERS, APPLICATION, VERSION = "runs", "members", "benchmark", "1"
QUEUE_POLL = 0.01
RESULT_POLL = 0.01
_RUNS_AT_ONCE = 6  # per process; with no limit a burst makes hundreds of workflows wait on each other's polling


@DBOS.step()
async def plan(seed: int) -> Result:
    """Step 1."""
    return shape.plan(seed)


@DBOS.step()
async def search(item: int) -> Result:
    """Steps 2 to 5."""
    return shape.search(item)


@DBOS.step()
async def read(item: int) -> Result:
    """Steps 6 to 13."""
    return shape.read(item)


@DBOS.step()
async def check(results: list[Result]) -> Result:
    """Step 14."""
    return shape.check(results)


@DBOS.step()
async def write(result: Result) -> Result:
    """Step 15."""
    return shape.write(result)


@DBOS.step()
async def save(result: Result) -> Result:
    """Step 16."""
    return shape.save(result)


@DBOS.workflow()
async def steps(seed: int) -> Result:
    """The whole shape in one process."""
    found = await asyncio.gather(*[search(item) for item in shape.searches(await plan(seed))])
    results = await asyncio.gather(*[read(item) for item in shape.reads(found)])
    return await save(await write(await check(results)))


@DBOS.workflow()
async def queued_search(item: int) -> Result:
    """Steps 2 to 5, wherever there is room."""
    return shape.search(item)


@DBOS.workflow()
async def queued_read(item: int) -> Result:
    """Steps 6 to 13, wherever there is room."""
    return shape.read(item)


@DBOS.workflow()
async def queued(seed: int) -> Result:
    """The whole shape over all workers."""
    found = await _all([DBOS.enqueue_workflow_async(MEMBERS, queued_search, item) for item in shape.searches(await plan(seed))])
    results = await _all([DBOS.enqueue_workflow_async(MEMBERS, queued_read, item) for item in shape.reads(found)])
    return await save(await write(await check(results)))


async def _all(members: list[Coroutine[None, None, WorkflowHandleAsync[Result]]]) -> list[Result]:
    handles = await asyncio.gather(*members)
    return await asyncio.gather(*[handle.get_result(polling_interval_sec=RESULT_POLL) for handle in handles])


def main(workflow: str) -> None:
    """Work until told to stop."""
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": os.environ["BENCHMARK_DATABASE"],
        "application_version": VERSION,
        "executor_id": os.environ["BENCHMARK_EXECUTOR"],
        "log_level": "WARNING",
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(RUNS, worker_concurrency=_RUNS_AT_ONCE, polling_interval_sec=QUEUE_POLL)
    if workflow == "queued":
        DBOS.register_queue(MEMBERS, polling_interval_sec=QUEUE_POLL)
    print("takes work", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    DBOS.destroy()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(sys.argv[1])
