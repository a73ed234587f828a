"""An example of every operation: the request that is written here, and the answer that it got, which is recorded.

``python -m tests.api.recording`` sends each request to the real application and writes the answers to examples.json; the tests send
them again and hold both answers, the recorded one and the new one, against the document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

Operation = tuple[str, str]
"""Method and path, as in `synapse.api.access`."""


@dataclass(frozen=True)
class Request:
    """What is sent; what the path names is that of `THINGS`, or the real ones that the tests have in their place, or ``path``'s."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


THINGS: Final = {
    "run": "5f0c9f0e-5a0b-4b3c-9d53-0b7a4c2e8d11",
    "step": "plan",
    "artifact": "manifest.json",
    "snapshot": "b333f2c4b78951b26e57d501a673ef00f0bb4a1fec40ab0a9a04f8b7f13e1930",
    "workflow": "own",
    "version": "1",
    "schedule": "0b7a4c2e-8d11-4b3c-9d53-5f0c9f0e5a0b",
    "webhook": "8d11b4c2-5f0c-4b3c-9d53-0b7a4c2e0a5b",
    "delivery": "0c9f5f0e5a0b4b3c9d530b7a4c2e8d11",
    "key": "3f9a1c0be27d",
    "letter": "17",
    "name": "orchestrator.finish",
    "code": "not-found",
}
"""What parameters of a path are in the examples."""

_OWN: Final = {
    "name": "own",
    "description": "Take a question apart.",
    "input": {"type": "object", "required": ["question"], "properties": {"question": {"type": "string"}}},
    "do": {"step": "plan", "agent": "orchestrator", "with": {"question": "input.question"}},
}
_SCHEDULE: Final = {
    "name": "weekly",
    "cron": "30 7 * * MON",
    "time_zone": "Europe/Berlin",
    "run": {"question": "What changed in PostgreSQL this week?"},
}
_WEBHOOK: Final = {"url": "https://hooks.example.com/synapse", "description": "Tell the team.", "events": ["run.completed", "run.failed"]}
_JSON: Final = {"Accept": "application/json"}
REQUESTS: Final[dict[Operation, Request]] = {
    ("POST", "/v1/runs"): Request(body={"question": "What does acks_late change about Celery tasks?", "labels": {"team": "sales"}}),
    ("GET", "/v1/runs"): Request(query={"state": "succeeded", "label": "team:sales", "search": "acknowledg*", "limit": 20}),
    ("POST", "/v1/runs/cancel"): Request(body={"filter": {"label": ["team:sales"]}, "limit": 100, "reason": "no longer wanted"}),
    ("POST", "/v1/runs/resume"): Request(body={"ids": [THINGS["run"]]}),
    ("PATCH", "/v1/runs/{run}/labels"): Request(body={"team": "support", "ticket": None}),
    ("POST", "/v1/runs/{run}/cancel"): Request(body={"reason": "no longer wanted"}),
    ("POST", "/v1/runs/{run}/signals/{name}"): Request(
        path={"name": "publish"}, body={"payload": {"approved": True, "comment": "Go ahead."}}
    ),
    ("GET", "/v1/runs/{run}/steps"): Request(query={"state": "succeeded", "limit": 2}),
    ("GET", "/v1/runs/{run}/events"): Request(query={"after": 0, "limit": 2}, headers=_JSON),
    ("GET", "/v1/runs/{run}/report"): Request(query={"format": "json"}),
    ("GET", "/v1/workflows/{workflow}/diff"): Request(query={"before": 1, "after": 2}),
    ("POST", "/v1/workflows"): Request(body={**_OWN, "name": "two-searches"}),
    ("POST", "/v1/workflows/validate"): Request(body={**_OWN, "do": {"step": "plan", "agent": "nobody"}}),
    ("POST", "/v1/schedules"): Request(body=_SCHEDULE),
    ("POST", "/v1/schedules/preview"): Request(body={"cron": "30 7 * * MON", "time_zone": "Europe/Berlin"}, query={"count": 2}),
    ("PUT", "/v1/schedules/{schedule}"): Request(body=_SCHEDULE),
    ("GET", "/v1/schedules/{schedule}/next"): Request(query={"count": 2}),
    ("POST", "/v1/webhooks"): Request(body=_WEBHOOK),
    ("PUT", "/v1/webhooks/{webhook}"): Request(body=_WEBHOOK),
    ("POST", "/v1/webhooks/{webhook}/rotate"): Request(body={"overlap_seconds": 3600}),
    ("GET", "/v1/webhooks/{webhook}/deliveries"): Request(query={"limit": 2}),
    ("GET", "/v1/usage"): Request(query={"since": "2026-11-01", "until": "2026-11-30"}),
    ("POST", "/v1/keys"): Request(body={"name": "dashboard", "scopes": ["runs:read"], "expires_in_days": 30}),
    ("POST", "/v1/keys/{key}/rotate"): Request(body={"overlap_seconds": 3600}),
}
"""What is sent where nothing but the path says it all."""


@dataclass(frozen=True)
class Answer:
    """What came: ``content`` is JSON, or text of another media type; None where there is none."""

    status: int
    media_type: str
    content: Any


@cache
def answers() -> dict[Operation, Answer]:
    """The recorded answers."""
    kept = json.loads(files("synapse.api").joinpath("examples.json").read_text("utf-8"))
    return {(method, path): Answer(**answer) for key, answer in kept.items() for method, path in [key.split(" ", 1)]}


def exemplify(document: dict[str, Any]) -> None:
    """Write the examples into an OpenAPI document; what has an example of its own keeps it."""
    for path, operations in document["paths"].items():
        for method, described in operations.items():
            _request(described, REQUESTS.get((method.upper(), path), Request()))
            answer = answers().get((method.upper(), path))
            content = described["responses"].get(str(answer.status), {}).get("content", {}) if answer is not None else {}
            if answer is not None and answer.media_type in content and "example" not in content[answer.media_type]:
                content[answer.media_type]["example"] = answer.content


def _request(described: dict[str, Any], request: Request) -> None:
    for parameter in described.get("parameters", ()):
        given = {**THINGS, **request.path} if parameter["in"] == "path" else request.query
        if parameter["name"] in given:
            parameter.setdefault("example", _typed(given[parameter["name"]], parameter["schema"]))
    media = described.get("requestBody", {}).get("content", {}).get("application/json")
    if media is not None and request.body is not None and "examples" not in media:
        media["example"] = request.body


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "integer":
        return int(value)
    return [value] if schema.get("type") == "array" and not isinstance(value, list) else value
