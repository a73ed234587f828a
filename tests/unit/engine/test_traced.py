from __future__ import annotations

from types import SimpleNamespace

import pytest

from synapse.engine import traced
from synapse.engine.traced import TraceStep


@pytest.mark.parametrize(
    ("pool", "starts"), [("celery.concurrency.thread", 1), ("celery.concurrency.solo", 1), ("celery.concurrency.prefork", 0)]
)
def test_the_main_process_traces_only_where_it_runs_tasks_itself(pool: str, starts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[None] = []
    monkeypatch.setattr(traced, "start", lambda: started.append(None))
    worker = SimpleNamespace(pool_cls=type("TaskPool", (), {"__module__": pool}))
    TraceStep(worker).start(worker)
    assert len(started) == starts


def test_an_application_gets_the_step() -> None:
    app = SimpleNamespace(steps={"worker": set()})
    traced.install(app)
    assert app.steps == {"worker": {TraceStep}}
