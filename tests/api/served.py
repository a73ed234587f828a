"""The real application over a real service, served on loopback, with things in it that requests can name."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from synapse.api.app import create_app
from synapse.contracts.principal import DEFAULT_TENANT, Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.contracts.schedule import ScheduleRequest
from synapse.contracts.webhook import WebhookRequest
from synapse.settings import ApiSettings
from tests.unit.workbench import QUESTION, Workbench
from tests.waiting import until

TOKEN = "a-token-of-some-length"
OWN: dict[str, Any] = {"name": "own", "do": {"step": "say", "agent": "echo", "with": {"text": "'x'"}}}


@dataclass(frozen=True)
class Served:
    """Where it listens, an administrator's key, and the things of the key's tenant by the names that paths have for them."""

    url: str
    key: str
    things: dict[str, str]
    bench: Workbench


def furnish(bench: Workbench, tenant: Tenant) -> dict[str, str]:
    """A finished research run, a workflow in two versions, a schedule, a webhook and a key of that tenant."""
    service = bench.service.acting_for(Principal(tenant, "anna", frozenset({Scope.ADMIN})))
    run = service.runs.submit(RunRequest(question=QUESTION, labels={"team": "sales"})).run.id
    bench.work()
    snapshot = asyncio.run(service.reports.json(service.runs.get(run))).snapshots[0].id
    for text in ("'x'", "'y'"):
        service.workflows.create({**OWN, "do": {**OWN["do"], "with": {"text": text}}})
    timing = {"name": "nightly", "cron": "0 3 * * *", "run": {"question": QUESTION}}
    schedule = service.schedules.create(ScheduleRequest.model_validate(timing)).id
    hook = service.webhooks.create(WebhookRequest(url="https://hooks.example.com/x")).id
    key = bench.runtime.database.api_keys.create(tenant, "spare", [Scope.RUNS_READ], seconds=None, by="anna").id
    return {
        "run": run,
        "snapshot": snapshot,
        "step": "plan",
        "artifact": "report.md",
        "workflow": "own",
        "version": "1",
        "schedule": schedule,
        "webhook": hook,
        "delivery": service.webhooks.test(hook).id,
        "key": key,
        "name": "echo",
        "code": "not-found",
    }


def _work(bench: Workbench, ended: threading.Event) -> None:
    """Work off what comes: a run that nobody works off has a stream that never ends."""
    while not ended.wait(0.05):
        bench.work()


@contextmanager
def served(home: Path, *, with_key: bool) -> Iterator[Served]:
    """The application while the block lasts: open to this machine as when embedded, or asking for a key."""
    bench = Workbench(home)
    tenant = Tenant("acme") if with_key else DEFAULT_TENANT
    things = furnish(bench, tenant)
    scopes = [Scope.ADMIN, Scope.METRICS_READ]
    key = bench.runtime.database.api_keys.create(tenant, "fuzzer", scopes, seconds=None, by="anna").key
    app = create_app(bench.service, ApiSettings.model_validate({"api_token": TOKEN} if with_key else {"api_token": None}))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", ws="none"))
    ended = threading.Event()
    worker = threading.Thread(target=_work, args=(bench, ended), name="worker", daemon=True)
    worker.start()
    thread = threading.Thread(target=server.run, name="served", daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"http://127.0.0.1:{port}", key if with_key else "", things, bench)
    finally:
        server.should_exit = True
        thread.join()
        ended.set()
        worker.join()
        bench.close()
