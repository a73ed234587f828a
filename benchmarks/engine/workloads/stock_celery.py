"""Stock Celery: chords and `replace`, because widths are known only at run time.

As durable as stock Celery gets: late acknowledgement, persistent messages, confirmed publishing. The join of the four is one
more task than the shape has steps: a chord's body is the only place where stock Celery can learn how wide to go next.
"""

from __future__ import annotations

import os

from celery import Celery, Task, chord, signals

from benchmarks.engine import shape
from benchmarks.engine.shape import Result

app = Celery("stock")
app.conf.update(
    broker_url=os.environ.get("BENCHMARK_BROKER"),
    result_backend=os.environ.get("BENCHMARK_RESULTS"),
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_send_task_events=False,
)


@app.task(bind=True)
def plan(self: Task, seed: int) -> None:
    """Step 1, and the four."""
    self.replace(chord([search.s(item) for item in shape.searches(shape.plan(seed))], spread.s()))


@app.task
def search(item: int) -> Result:
    """Steps 2 to 5."""
    return shape.search(item)


@app.task(bind=True)
def spread(self: Task, found: list[Result]) -> None:
    """The join of the four and the fan-out to eight."""
    self.replace(chord([read.s(item) for item in shape.reads(found)], check.s()) | write.s() | save.s())


@app.task
def read(item: int) -> Result:
    """Steps 6 to 13."""
    return shape.read(item)


@app.task
def check(results: list[Result]) -> Result:
    """Step 14."""
    return shape.check(results)


@app.task
def write(result: Result) -> Result:
    """Step 15."""
    return shape.write(result)


@app.task
def save(result: Result) -> Result:
    """Step 16."""
    return shape.save(result)


@signals.worker_ready.connect
def _say_so(**_: object) -> None:
    print("takes work", flush=True)
