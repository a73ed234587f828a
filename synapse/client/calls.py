"""Every request there is, as a value: what is sent, and how the answer is read. Both clients make the same ones."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, Generic, TypedDict, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

from synapse.client.errors import ClientError, Refused, Unreachable
from synapse.contracts.api_key import ApiKey, KeyList, KeyRequest, NewKey
from synapse.contracts.artifact import ArtifactList
from synapse.contracts.bulk import BulkCancelRequest, BulkRequest, BulkResult
from synapse.contracts.catalogue import Validation, VersionList, WorkflowDiff, WorkflowView
from synapse.contracts.dead_letter import DeadLetterDetail, DeadLetterPage
from synapse.contracts.operations import QueueList, WorkerList
from synapse.contracts.report import Report, StoredPage
from synapse.contracts.run import RunDetail, RunPage, RunRequest, RunState
from synapse.contracts.schedule import DueTimes, Firing, FiringPage, Schedule, ScheduleList, ScheduleRequest, Timing
from synapse.contracts.steps import StepDetail, StepPage
from synapse.contracts.usage import UsageReport
from synapse.contracts.verification import Verification
from synapse.contracts.waits import Signal
from synapse.contracts.webhook import (
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    NewWebhook,
    Webhook,
    WebhookList,
    WebhookRequest,
)

Answer = TypeVar("Answer")
Model = TypeVar("Model", bound=BaseModel)

TIMEOUT: Final = 30.0
REFETCH_TIMEOUT: Final = 120.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0


class Filters(TypedDict, total=False):
    """Which runs; None is no such condition. A label is ``key:value``, or ``key`` for any value."""

    state: RunState | str | Sequence[RunState | str] | None
    workflow: str | None
    label: str | Sequence[str] | None
    created_after: datetime | str | None
    created_before: datetime | str | None
    search: str | None


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request. ``repeatable``: sent twice, it does what it does once. ``timeout`` in seconds."""

    method: str
    path: str
    read: Callable[[bytes], Answer]
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    timeout: float = TIMEOUT
    repeatable: bool = True

    def pause(self, tried: int, retries: int, error: ClientError) -> float | None:
        """Seconds to wait before it is sent again after so many tries; None when it is not to be."""
        if tried > retries or not self.repeatable or not error.retryable:
            return None
        asked = error.retry_after if isinstance(error, Refused) else None
        pause = _FIRST_PAUSE * 2 ** (tried - 1) if asked is None else asked
        return pause if pause <= _LONGEST_PAUSE else None


def submit(request: RunRequest | str, key: str | None) -> Call[RunDetail]:
    """Start a run. It has a key of its own when none is given, so that it can be repeated after a lost answer."""
    asked = RunRequest(question=request) if isinstance(request, str) else request
    headers = {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid.uuid4())}
    return Call("POST", "/v1/runs", _reads(RunDetail), headers=headers, content=asked.model_dump_json(exclude_none=True).encode())


def runs(**filters: Any) -> Call[RunPage]:
    """A page of runs."""
    return Call("GET", "/v1/runs", _reads(RunPage), params=_given(filters))


def cancel_many(request: BulkCancelRequest) -> Call[BulkResult]:
    """Stop many runs. Repeatable: one that has ended stays as it is."""
    return _post("/v1/runs/cancel", BulkResult, request.model_dump(mode="json", exclude_none=True))


def resume_many(request: BulkRequest) -> Call[BulkResult]:
    """Go on with many runs. Not repeatable: those that run already are refused."""
    return replace(_post("/v1/runs/resume", BulkResult, request.model_dump(mode="json", exclude_none=True)), repeatable=False)


def relabel(run: str, change: Mapping[str, str | None]) -> Call[RunDetail]:
    """Change a run's labels."""
    return replace(_post(f"{path(run)}/labels", RunDetail, change), method="PATCH")


def steps(run: str, **filters: Any) -> Call[StepPage]:
    """A page of a run's steps."""
    return Call("GET", f"{path(run)}/steps", _reads(StepPage), params=_given(filters))


def step(run: str, step: str) -> Call[StepDetail]:
    """One step, whole."""
    return Call("GET", f"{path(run)}/steps/{_segment(step)}", _reads(StepDetail))


def run(run: str) -> Call[RunDetail]:
    """A run with every step."""
    return Call("GET", path(run), _reads(RunDetail))


def cancel(run: str, reason: str | None) -> Call[RunDetail]:
    """Stop a run."""
    return _post(f"{path(run)}/cancel", RunDetail, _given({"reason": reason}))


def resume(run: str) -> Call[RunDetail]:
    """Go on with a run. Not repeatable: the second one finds that it runs already, and is refused."""
    return Call("POST", f"{path(run)}/resume", _reads(RunDetail), repeatable=False)


def signal(run: str, name: str, payload: Any, key: str | None) -> Call[Signal]:
    """Send a signal. It has a key of its own when none is given, so that it can be repeated after a lost answer."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid.uuid4())}
    content = json.dumps({"payload": payload}).encode()
    return Call("POST", f"{path(run)}/signals/{_segment(name)}", _reads(Signal), headers=headers, content=content)


def decide(run: str, name: str, approved: bool, comment: str | None, by: str | None) -> Call[Signal]:
    """Approve or reject."""
    return signal(run, name, _given({"approved": approved, "comment": comment, "by": by}), None)


def report(run: str) -> Call[Report]:
    """The report as data."""
    return Call("GET", f"{path(run)}/report", _reads(Report), params={"format": "json"})


def report_as(run: str, format: str) -> Call[bytes]:
    """The report as a file."""
    return Call("GET", f"{path(run)}/report", bytes, params={"format": format})


def source(run: str, snapshot: str) -> Call[StoredPage]:
    """A stored page of a report."""
    return Call("GET", f"{path(run)}/sources/{_segment(snapshot)}", _reads(StoredPage))


def verification(run: str, refetch: bool) -> Call[Verification]:
    """The report checked again."""
    timeout = REFETCH_TIMEOUT if refetch else TIMEOUT
    return Call("GET", f"{path(run)}/verification", _reads(Verification), params={"refetch": refetch}, timeout=timeout)


def artifacts(run: str) -> Call[ArtifactList]:
    """The files of a run."""
    return Call("GET", f"{path(run)}/artifacts", _reads(ArtifactList))


def artifact(run: str, name: str) -> Call[bytes]:
    """One of them."""
    return Call("GET", f"{path(run)}/artifacts/{_segment(name)}", bytes)


def usage(**days: Any) -> Call[UsageReport]:
    """What a tenant used."""
    return Call("GET", "/v1/usage", _reads(UsageReport), params=_given(days))


def workflows() -> Call[list[WorkflowView]]:
    """Every workflow."""
    return Call("GET", "/v1/workflows", TypeAdapter(list[WorkflowView]).validate_json)


def workflow(name: str, version: int | None) -> Call[WorkflowView]:
    """One workflow, by default its newest version."""
    at = path(name, "workflows")
    return Call("GET", at if version is None else f"{at}/versions/{version}", _reads(WorkflowView))


def workflow_versions(name: str) -> Call[VersionList]:
    """Every version of a workflow."""
    return Call("GET", f"{path(name, 'workflows')}/versions", _reads(VersionList))


def workflow_diff(name: str, before: int, after: int) -> Call[WorkflowDiff]:
    """How one version differs from another."""
    return Call("GET", f"{path(name, 'workflows')}/diff", _reads(WorkflowDiff), params={"before": before, "after": after})


def validate_workflow(definition: str | Mapping[str, Any]) -> Call[Validation]:
    """Whether a definition could be run."""
    return _written("/v1/workflows/validate", Validation, definition)


def create_workflow(definition: str | Mapping[str, Any]) -> Call[WorkflowView]:
    """Make a workflow or its next version. Repeatable: what is there already is given back."""
    return _written("/v1/workflows", WorkflowView, definition)


def dead_letters(**filters: Any) -> Call[DeadLetterPage]:
    """A page of dead letters."""
    return Call("GET", "/v1/dead-letters", _reads(DeadLetterPage), params=_given(filters))


def dead_letter(letter: str) -> Call[DeadLetterDetail]:
    """One with its content."""
    return Call("GET", path(letter, "dead-letters"), _reads(DeadLetterDetail))


def requeue(letter: str) -> Call[DeadLetterDetail]:
    """Send one to the queue that gave it up. Not repeatable: it is forgotten by that."""
    return Call("POST", f"{path(letter, 'dead-letters')}/requeue", _reads(DeadLetterDetail), repeatable=False)


def drop(letter: str) -> Call[None]:
    """Forget one."""
    return Call("DELETE", path(letter, "dead-letters"), lambda content: None, repeatable=False)


def queues() -> Call[QueueList]:
    """Every queue as it is just now."""
    return Call("GET", "/v1/queues", _reads(QueueList))


def workers() -> Call[WorkerList]:
    """Every worker that answers."""
    return Call("GET", "/v1/workers", _reads(WorkerList))


def create_key(request: KeyRequest) -> Call[NewKey]:
    """Make an API key. Not repeatable: each time it is another one."""
    headers = {"Content-Type": "application/json"}
    return Call("POST", "/v1/keys", _reads(NewKey), headers=headers, content=request.model_dump_json().encode(), repeatable=False)


def keys(tenant: str | None) -> Call[KeyList]:
    """Every key of a tenant."""
    return Call("GET", "/v1/keys", _reads(KeyList), params=_given({"tenant": tenant}))


def rotate_key(key: str, overlap: float, tenant: str | None) -> Call[NewKey]:
    """Make a key in place of one. Not repeatable: each time it is another one."""
    return replace(
        _post(f"{path(key, 'keys')}/rotate", NewKey, {"overlap_seconds": overlap}), params=_given({"tenant": tenant}), repeatable=False
    )


def revoke_key(key: str, tenant: str | None) -> Call[ApiKey]:
    """End a key at once."""
    return Call("DELETE", path(key, "keys"), _reads(ApiKey), params=_given({"tenant": tenant}))


def create_schedule(request: ScheduleRequest) -> Call[Schedule]:
    """Make a schedule. Not repeatable: the second one finds its own name taken."""
    return replace(_sent("POST", "/v1/schedules", Schedule, request), repeatable=False)


def schedules() -> Call[ScheduleList]:
    """Every schedule."""
    return Call("GET", "/v1/schedules", _reads(ScheduleList))


def schedule(schedule: str) -> Call[Schedule]:
    """One schedule."""
    return Call("GET", path(schedule, "schedules"), _reads(Schedule))


def replace_schedule(schedule: str, request: ScheduleRequest) -> Call[Schedule]:
    """Have a schedule be another one."""
    return _sent("PUT", path(schedule, "schedules"), Schedule, request)


def delete_schedule(schedule: str) -> Call[None]:
    """Forget a schedule."""
    return Call("DELETE", path(schedule, "schedules"), lambda content: None, repeatable=False)


def pause_schedule(schedule: str) -> Call[Schedule]:
    """Have nothing be due."""
    return Call("POST", f"{path(schedule, 'schedules')}/pause", _reads(Schedule))


def resume_schedule(schedule: str) -> Call[Schedule]:
    """Have what comes be due again."""
    return Call("POST", f"{path(schedule, 'schedules')}/resume", _reads(Schedule))


def trigger_schedule(schedule: str) -> Call[Firing]:
    """Begin a run of it now. Not repeatable: each time it is another one."""
    return Call("POST", f"{path(schedule, 'schedules')}/trigger", _reads(Firing), repeatable=False)


def next_times(schedule: str, count: int | None) -> Call[DueTimes]:
    """What is due next."""
    return Call("GET", f"{path(schedule, 'schedules')}/next", _reads(DueTimes), params=_given({"count": count}))


def preview_times(timing: Timing, count: int | None) -> Call[DueTimes]:
    """What would be due next."""
    return replace(_sent("POST", "/v1/schedules/preview", DueTimes, timing), params=_given({"count": count}))


def schedule_history(schedule: str, **filters: Any) -> Call[FiringPage]:
    """A page of what became of its due times."""
    return Call("GET", f"{path(schedule, 'schedules')}/history", _reads(FiringPage), params=_given(filters))


def create_webhook(request: WebhookRequest) -> Call[NewWebhook]:
    """Make a webhook. Not repeatable: each time it is another one."""
    return replace(_sent("POST", "/v1/webhooks", NewWebhook, request), repeatable=False)


def webhooks() -> Call[WebhookList]:
    """Every webhook."""
    return Call("GET", "/v1/webhooks", _reads(WebhookList))


def webhook(webhook: str) -> Call[Webhook]:
    """One webhook."""
    return Call("GET", path(webhook, "webhooks"), _reads(Webhook))


def replace_webhook(webhook: str, request: WebhookRequest) -> Call[Webhook]:
    """Have a webhook be another one."""
    return _sent("PUT", path(webhook, "webhooks"), Webhook, request)


def delete_webhook(webhook: str) -> Call[None]:
    """Forget a webhook."""
    return Call("DELETE", path(webhook, "webhooks"), lambda content: None, repeatable=False)


def enable_webhook(webhook: str, enabled: bool) -> Call[Webhook]:
    """Have it be told of things, or not."""
    return Call("POST", f"{path(webhook, 'webhooks')}/{'enable' if enabled else 'disable'}", _reads(Webhook))


def rotate_webhook(webhook: str, overlap: float) -> Call[NewWebhook]:
    """Give it another secret. Not repeatable: each time it is another one."""
    return replace(_post(f"{path(webhook, 'webhooks')}/rotate", NewWebhook, {"overlap_seconds": overlap}), repeatable=False)


def test_webhook(webhook: str) -> Call[Delivery]:
    """Deliver a test event. Not repeatable: each time it is another one."""
    return Call("POST", f"{path(webhook, 'webhooks')}/test", _reads(Delivery), repeatable=False)


def deliveries(webhook: str, **filters: Any) -> Call[DeliveryPage]:
    """A page of its deliveries."""
    return Call("GET", f"{path(webhook, 'webhooks')}/deliveries", _reads(DeliveryPage), params=_given(filters))


def delivery(webhook: str, delivery: str) -> Call[DeliveryDetail]:
    """One with every attempt."""
    return Call("GET", f"{path(webhook, 'webhooks')}/deliveries/{_segment(delivery)}", _reads(DeliveryDetail))


def redeliver(webhook: str, delivery: str) -> Call[Delivery]:
    """Deliver it again."""
    return Call("POST", f"{path(webhook, 'webhooks')}/deliveries/{_segment(delivery)}/redeliver", _reads(Delivery))


def ready() -> Call[bytes]:
    """How the API's dependencies are."""
    return Call("GET", "/readyz", bytes, repeatable=False)


def path(name: str, kind: str = "runs") -> str:
    """The path of one thing: one segment, whatever is given, for a slash or a question mark must not lead to another route."""
    return f"/v1/{kind}/{_segment(name)}"


def unreachable(url: str, why: str) -> Unreachable:
    """Nothing answers there."""
    return Unreachable(f"the API at {url} does not answer: {why}", remedy="start it with 'synapse up', or set SYNAPSE_API_URL")


def unreached(url: str, error: Exception) -> Unreachable:
    """What httpx says of a request that no answer came to."""
    why = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in why:  # OpenSSL's name; the exception itself is some causes below
        remedy = "name a file with the certificate of its authority in SYNAPSE_CA_FILE"
        return Unreachable(f"the certificate of the API at {url} is not believed: {why}", passes=False, remedy=remedy)
    return unreachable(url, why)


def no_address(url: str, why: str) -> Unreachable:
    """What was given is no URL."""
    remedy = "set it, e.g. to http://127.0.0.1:8800"
    return Unreachable(f"{url!r} is no address: {why}", passes=False, field="SYNAPSE_API_URL", remedy=remedy)


def another(url: str) -> Unreachable:
    """What answers there is something else."""
    return Unreachable(f"what answers at {url} is not this API", passes=False, remedy="check SYNAPSE_API_URL")


def _segment(name: str) -> str:
    return quote(name, safe="") if name.strip(".") else "none"


def _reads(model: type[Model]) -> Callable[[bytes], Model]:
    return model.model_validate_json


def _post(path: str, model: type[Model], content: Mapping[str, Any]) -> Call[Model]:
    return Call("POST", path, _reads(model), headers={"Content-Type": "application/json"}, content=json.dumps(content).encode())


def _sent(method: str, path: str, model: type[Model], content: BaseModel) -> Call[Model]:
    headers = {"Content-Type": "application/json"}
    return Call(method, path, _reads(model), headers=headers, content=content.model_dump_json(exclude_none=True).encode())


def _written(path: str, model: type[Model], definition: str | Mapping[str, Any]) -> Call[Model]:
    if isinstance(definition, str):
        return Call("POST", path, _reads(model), headers={"Content-Type": "application/yaml"}, content=definition.encode())
    return _post(path, model, definition)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}
