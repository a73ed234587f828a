"""Sends the example of every operation to the real application; ``python -m tests.api.recording`` keeps what it answers."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI

from synapse.api.app import create_app
from synapse.api.examples import REQUESTS, THINGS, Operation, Request
from synapse.contracts.principal import DEFAULT_TENANT, Scope
from synapse.contracts.run import RunRequest
from synapse.contracts.schedule import ScheduleRequest
from synapse.contracts.webhook import WebhookRequest
from synapse.settings import ApiSettings
from tests.api.served import furnish
from tests.unit.dead import DIED, corpse
from tests.unit.workbench import Workbench

FILE: Final = Path(__file__).parents[2] / "synapse" / "api" / "examples.json"
_MOST, _LONGEST = 2, 400
_ECHO: Final = RunRequest(workflow="echo", input={"text": "x"})
_ASKING: Final = RunRequest(workflow="asking")


@dataclass(frozen=True)
class Stage:
    """The application, and things of the operator's in it by the names that paths have for them."""

    bench: Workbench
    app: FastAPI
    things: dict[str, str]

    def fresh(self, operation: Operation) -> dict[str, str]:
        """The things, and new ones in the place of those that a request may use up."""
        service, database = self.bench.service, self.bench.runtime.database
        schedule = {"name": "nightly", "cron": "30 7 * * MON", "run": {"question": "What is new?"}}
        for each in service.schedules.list().schedules:
            service.schedules.delete(each.id)
        made = {
            "schedule": service.schedules.create(ScheduleRequest.model_validate(schedule)).id,
            "key": database.api_keys.create(DEFAULT_TENANT, "dashboard", [Scope.RUNS_READ], seconds=None, by="anna").id,
            "name": THINGS["name"],
            "artifact": THINGS["artifact"],
        }
        if "resume" in operation[1]:
            made["run"] = service.runs.submit(_ECHO).run.id
            service.runs.cancel(made["run"])
        if "/signals/" in operation[1]:
            # There for as long as its run is begun: the examples of other routes are of what ships.
            with self.bench.asking():
                made["run"] = service.runs.submit(_ASKING).run.id
        if "{webhook}" in operation[1]:
            hook = service.webhooks.create(WebhookRequest(url="https://hooks.example.com/synapse"))
            made |= {"webhook": hook.id, "delivery": service.webhooks.test(hook.id).id}
        if "{letter}" in operation[1]:
            database.dead_letters.record([corpse(str(len(operation[1])).encode() + operation[0].encode())], DIED)
            made["letter"] = service.dead_letters.page().letters[0].id
        return {**self.things, **made}


def stage(home: Path) -> Stage:
    """Furnished for the operator, with whom the application is when nobody else can call it."""
    bench = Workbench(home)
    return Stage(bench, create_app(bench.service, ApiSettings(api_token=None)), furnish(bench, DEFAULT_TENANT))


async def send(on: Stage, operation: Operation) -> tuple[httpx.Response, dict[str, str]]:
    """The operation's example with real things in it: the answer, and the things."""
    method, path = operation
    asked, things = REQUESTS.get(operation, Request()), await asyncio.to_thread(on.fresh, operation)
    url = re.sub(r"\{(\w+)\}", lambda match: asked.path.get(match[1]) or things[match[1]], path)
    body = json.loads(json.dumps(asked.body).replace(THINGS["run"], things["run"])) if asked.body is not None else None
    transport = httpx.ASGITransport(on.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8800") as client:
        return await client.request(method, url, params=asked.query, json=body, headers=asked.headers), things


def operations(app: FastAPI) -> list[Operation]:
    """Every operation of the document."""
    return [(method.upper(), path) for path, described in app.openapi()["paths"].items() for method in described]


def media_type(answer: httpx.Response) -> str:
    """What the answer is; nothing where there is none."""
    return str(answer.headers.get("content-type", "")).partition(";")[0] if answer.content else ""


def main() -> int:
    """Record."""
    with tempfile.TemporaryDirectory() as name:
        on = stage(Path(name))
        kept = {}
        for operation in operations(on.app):
            answer, things = asyncio.run(send(on, operation))
            assert answer.status_code < 400, (operation, answer.text)
            kept[" ".join(operation)] = _kept(answer, things)
        on.bench.close()
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    return 0


def _kept(answer: httpx.Response, things: dict[str, str]) -> dict[str, Any]:
    kind = media_type(answer)
    text = answer.text
    for name, thing in things.items():
        if len(thing) > 8:
            text = text.replace(thing, THINGS[name])
    # No secret, no machine's name.
    text = re.sub(r"syn_[0-9a-f]{12}_[0-9a-f]{64}", f"syn_{THINGS['key']}_{'0' * 64}", text)
    text = re.sub(r"whsec_[A-Za-z0-9+/=]+", "whsec_" + "A" * 32, text)
    text = re.sub(r'"worker":"[^"]*"', '"worker":"worker-1"', text)
    content = _short(json.loads(text)) if kind == "application/json" else text[:_LONGEST]
    return {"status": answer.status_code, "media_type": kind, "content": content if answer.content else None}


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(under) for key, under in value.items()}
    if isinstance(value, list):
        return [_short(each) for each in value[:_MOST]]
    return value[:_LONGEST] if isinstance(value, str) else value


if __name__ == "__main__":
    sys.exit(main())
