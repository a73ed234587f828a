"""The API for programs that wait for its answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import Any, Self, Unpack

import httpx
from pydantic import ValidationError

from synapse import trust
from synapse.client import calls
from synapse.client.calls import Answer, Call, Filters
from synapse.client.errors import ClientError, RunFailed, refusal
from synapse.client.following import ENDS, Following, Messages
from synapse.contracts.api_key import ApiKey, KeyList, KeyRequest, NewKey
from synapse.contracts.artifact import ArtifactList
from synapse.contracts.bulk import BulkCancelRequest, BulkRequest, BulkResult
from synapse.contracts.catalogue import Validation, VersionList, WorkflowDiff, WorkflowView
from synapse.contracts.dead_letter import DeadLetterDetail, DeadLetterPage
from synapse.contracts.messages import Event
from synapse.contracts.operations import QueueList, WorkerList
from synapse.contracts.report import Report, StoredPage
from synapse.contracts.run import RunDetail, RunPage, RunRequest, RunState, RunView, StepState
from synapse.contracts.schedule import DueTimes, Firing, FiringPage, Schedule, ScheduleList, ScheduleRequest, Timing
from synapse.contracts.steps import StepDetail, StepPage
from synapse.contracts.usage import UsageReport
from synapse.contracts.verification import Verification
from synapse.contracts.waits import Signal
from synapse.contracts.webhook import (
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    DeliveryState,
    NewWebhook,
    Webhook,
    WebhookList,
    WebhookRequest,
)
from synapse.settings import ApiSettings


class Client:
    """A connection to the API; close it, or use it in ``with``. Every method raises a `ClientError`.

    Without a URL the API is the one that ``SYNAPSE_API_URL`` and ``SYNAPSE_API_TOKEN`` name; the token of the environment goes to no
    other. A request that can be repeated is, ``retries`` times, when the API does not answer or asks to come back; a stream is
    taken up again where it broke until the API has been away for ``patience`` seconds.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        retries: int = 3,
        patience: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if url is None:
            settings = ApiSettings()
            url = settings.api_url
            token = token or (settings.api_token.get_secret_value() if settings.api_token else None)
        self.url = url.rstrip("/")
        self.retries = retries
        self.patience = patience
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            # The API is the operator's own: a proxy variable must not send its token elsewhere.
            self._http = httpx.Client(
                base_url=self.url,
                headers=headers,
                verify=trust.context() if transport is None else True,
                transport=transport,
                trust_env=False,
            )
        except httpx.InvalidURL as error:
            raise calls.no_address(self.url, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, request: RunRequest | str, *, key: str | None = None) -> RunDetail:
        """Start a run, of a question or a whole request; with a key, the same one however often this is called."""
        return self._do(calls.submit(request, key))

    def run(self, run: str) -> RunDetail:
        """A run with every step."""
        return self._do(calls.run(run))

    def runs(self, *, limit: int | None = None, cursor: str | None = None, **filters: Unpack[Filters]) -> RunPage:
        """A page of runs, newest first."""
        return self._do(calls.runs(limit=limit, cursor=cursor, **filters))

    def each_run(self, **filters: Unpack[Filters]) -> Iterator[RunView]:
        """Every run, newest first, page by page."""
        cursor: str | None = None
        while True:
            page = self.runs(limit=200, cursor=cursor, **filters)
            yield from page.runs
            if (cursor := page.next) is None:
                return

    def cancel(self, run: str, reason: str | None = None) -> RunDetail:
        """Stop a run; one that has ended stays as it is."""
        return self._do(calls.cancel(run, reason))

    def resume(self, run: str) -> RunDetail:
        """Go on with a run that failed or was cancelled."""
        return self._do(calls.resume(run))

    def cancel_many(self, request: BulkCancelRequest) -> BulkResult:
        """Stop many runs, by their ids or by a filter; what became of each."""
        return self._do(calls.cancel_many(request))

    def resume_many(self, request: BulkRequest) -> BulkResult:
        """Go on with many runs, by their ids or by a filter; what became of each."""
        return self._do(calls.resume_many(request))

    def label(self, run: str, change: Mapping[str, str | None]) -> RunDetail:
        """Set labels of a run, or take them away with None; those that are not named stay."""
        return self._do(calls.relabel(run, change))

    def steps(
        self,
        run: str,
        *,
        state: StepState | str | None = None,
        agent: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> StepPage:
        """A page of a run's steps, without what they were given and gave."""
        return self._do(calls.steps(run, state=state, agent=agent, limit=limit, cursor=cursor))

    def step(self, run: str, step: str) -> StepDetail:
        """A step with its input, its output and each of its attempts."""
        return self._do(calls.step(run, step))

    def signal(self, run: str, name: str, payload: Any = None, *, key: str | None = None) -> Signal:
        """Tell a run what it waits for: ``name`` as in the run's ``waiting_for``; with a key once, however often this is called."""
        return self._do(calls.signal(run, name, payload, key))

    def approve(self, run: str, name: str, comment: str | None = None, *, by: str | None = None) -> Signal:
        """Approve what a run waits to have approved; ``by`` for somebody else."""
        return self._do(calls.decide(run, name, True, comment, by))

    def reject(self, run: str, name: str, comment: str | None = None, *, by: str | None = None) -> Signal:
        """Reject what a run waits to have approved; ``by`` for somebody else."""
        return self._do(calls.decide(run, name, False, comment, by))

    def stream(self, run: str, after: int = 0) -> Iterator[Event]:
        """Events above ``after`` as they come, each once, to the one that ends the run; goes on where it was when a connection breaks."""
        yield from self._follow(Following(run, after, self.patience))

    def wait(self, run: str, *, timeout: float | None = None, check: bool = True) -> RunDetail:
        """The run once it has ended. Raises RunFailed for one that did not succeed unless ``check`` is off, WaitedTooLong.

        ``timeout`` is in seconds, and is looked at when the API sends something, which it does every 15 seconds at least.
        """
        found = self.run(run)
        if not found.state.terminal:
            for event in self._follow(Following(run, 0, self.patience, timeout)):
                if event.name in ENDS and (found := self.run(run)).state.terminal:
                    break
        return _checked(found) if check else found

    def research(self, question: str, *, timeout: float | None = None) -> Report:
        """Ask, wait and read the report. Raises RunFailed, WaitedTooLong."""
        return self.report(self.wait(self.submit(question).id, timeout=timeout).id)

    def report(self, run: str) -> Report:
        """The report as data."""
        return self._do(calls.report(run))

    def report_as(self, run: str, format: str) -> bytes:
        """The report as Markdown (``md``), HTML (``html``) or JSON (``json``)."""
        return self._do(calls.report_as(run, format))

    def source(self, run: str, snapshot: str) -> StoredPage:
        """A page that the report quotes, as it was read."""
        return self._do(calls.source(run, snapshot))

    def verification(self, run: str, *, refetch: bool = False) -> Verification:
        """The report checked again; with ``refetch`` its sources are fetched, which takes up to a minute."""
        return self._do(calls.verification(run, refetch))

    def artifacts(self, run: str) -> ArtifactList:
        """The files that a run has now."""
        return self._do(calls.artifacts(run))

    def artifact(self, run: str, name: str) -> bytes:
        """One of them, whole."""
        return self._do(calls.artifact(run, name))

    def usage(self, *, since: date | None = None, until: date | None = None, tenant: str | None = None) -> UsageReport:
        """What a tenant used, by default the caller's in the last thirty days; day by day, both days included."""
        return self._do(calls.usage(since=since, until=until, tenant=tenant))

    def workflows(self) -> list[WorkflowView]:
        """Every workflow that runs can be started of, each in its newest version."""
        return self._do(calls.workflows())

    def workflow(self, name: str, version: int | None = None) -> WorkflowView:
        """One workflow, by default its newest version."""
        return self._do(calls.workflow(name, version))

    def workflow_versions(self, name: str) -> VersionList:
        """Every version of a workflow, newest first."""
        return self._do(calls.workflow_versions(name))

    def workflow_diff(self, name: str, before: int, after: int) -> WorkflowDiff:
        """How one version differs from another."""
        return self._do(calls.workflow_diff(name, before, after))

    def validate_workflow(self, definition: str | Mapping[str, Any]) -> Validation:
        """Whether a definition (YAML, or data) could be run there, and what is wrong with it."""
        return self._do(calls.validate_workflow(definition))

    def create_workflow(self, definition: str | Mapping[str, Any]) -> WorkflowView:
        """Make a workflow of the tenant's own (YAML, or data), or its next version."""
        return self._do(calls.create_workflow(definition))

    def dead_letters(self, *, limit: int | None = None, cursor: str | None = None) -> DeadLetterPage:
        """A page of dead letters, newest first."""
        return self._do(calls.dead_letters(limit=limit, cursor=cursor))

    def dead_letter(self, letter: str) -> DeadLetterDetail:
        """One with its content."""
        return self._do(calls.dead_letter(letter))

    def requeue(self, letter: str) -> DeadLetterDetail:
        """Send one to the queue that gave it up."""
        return self._do(calls.requeue(letter))

    def drop(self, letter: str) -> None:
        """Forget one."""
        self._do(calls.drop(letter))

    def queues(self) -> QueueList:
        """Every queue as it is just now: messages and consumers, steps that wait and for how long, dead letters."""
        return self._do(calls.queues())

    def workers(self) -> WorkerList:
        """The workers that answer within a second, and what each does."""
        return self._do(calls.workers())

    def create_key(self, request: KeyRequest) -> NewKey:
        """Make an API key; only this answer has its secret."""
        return self._do(calls.create_key(request))

    def keys(self, tenant: str | None = None) -> KeyList:
        """Every key of a tenant, by default the caller's."""
        return self._do(calls.keys(tenant))

    def rotate_key(self, key: str, overlap: float, tenant: str | None = None) -> NewKey:
        """Make a key in place of one, which ends after ``overlap`` seconds."""
        return self._do(calls.rotate_key(key, overlap, tenant))

    def revoke_key(self, key: str, tenant: str | None = None) -> ApiKey:
        """End a key at once."""
        return self._do(calls.revoke_key(key, tenant))

    def create_schedule(self, request: ScheduleRequest) -> Schedule:
        """Make a schedule."""
        return self._do(calls.create_schedule(request))

    def schedules(self) -> ScheduleList:
        """Every schedule, by name."""
        return self._do(calls.schedules())

    def schedule(self, schedule: str) -> Schedule:
        """One schedule."""
        return self._do(calls.schedule(schedule))

    def replace_schedule(self, schedule: str, request: ScheduleRequest) -> Schedule:
        """Have a schedule be another one from now on; its id and its history stay."""
        return self._do(calls.replace_schedule(schedule, request))

    def delete_schedule(self, schedule: str) -> None:
        """Forget a schedule and its history; its runs stay."""
        self._do(calls.delete_schedule(schedule))

    def pause_schedule(self, schedule: str) -> Schedule:
        """Have nothing be due until it is resumed."""
        return self._do(calls.pause_schedule(schedule))

    def resume_schedule(self, schedule: str) -> Schedule:
        """Have what comes from now on be due again."""
        return self._do(calls.resume_schedule(schedule))

    def trigger_schedule(self, schedule: str) -> Firing:
        """Begin a run of it now."""
        return self._do(calls.trigger_schedule(schedule))

    def next_times(self, schedule: str, *, count: int | None = None) -> DueTimes:
        """What is due next."""
        return self._do(calls.next_times(schedule, count))

    def preview_times(self, timing: Timing, *, count: int | None = None) -> DueTimes:
        """What would be due next; nothing is made."""
        return self._do(calls.preview_times(timing, count))

    def schedule_history(self, schedule: str, *, limit: int | None = None, cursor: str | None = None) -> FiringPage:
        """A page of what became of its due times, newest first."""
        return self._do(calls.schedule_history(schedule, limit=limit, cursor=cursor))

    def create_webhook(self, request: WebhookRequest) -> NewWebhook:
        """Make a webhook; only this answer has its secret."""
        return self._do(calls.create_webhook(request))

    def webhooks(self) -> WebhookList:
        """Every webhook, oldest first."""
        return self._do(calls.webhooks())

    def webhook(self, webhook: str) -> Webhook:
        """One webhook."""
        return self._do(calls.webhook(webhook))

    def replace_webhook(self, webhook: str, request: WebhookRequest) -> Webhook:
        """Have a webhook be another one from now on; its secret stays."""
        return self._do(calls.replace_webhook(webhook, request))

    def delete_webhook(self, webhook: str) -> None:
        """Forget a webhook and its deliveries."""
        self._do(calls.delete_webhook(webhook))

    def enable_webhook(self, webhook: str) -> Webhook:
        """Have it be told of things again."""
        return self._do(calls.enable_webhook(webhook, True))

    def disable_webhook(self, webhook: str) -> Webhook:
        """Have it be told of nothing."""
        return self._do(calls.enable_webhook(webhook, False))

    def rotate_webhook(self, webhook: str, overlap: float) -> NewWebhook:
        """Give it another secret; the old one signs, too, for ``overlap`` seconds."""
        return self._do(calls.rotate_webhook(webhook, overlap))

    def test_webhook(self, webhook: str) -> Delivery:
        """Deliver a test event to it."""
        return self._do(calls.test_webhook(webhook))

    def deliveries(
        self, webhook: str, *, state: DeliveryState | str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> DeliveryPage:
        """A page of its deliveries, newest first."""
        return self._do(calls.deliveries(webhook, state=state, limit=limit, cursor=cursor))

    def delivery(self, webhook: str, delivery: str) -> DeliveryDetail:
        """One delivery with its body and every attempt."""
        return self._do(calls.delivery(webhook, delivery))

    def redeliver(self, webhook: str, delivery: str) -> Delivery:
        """Deliver it again, under the same id."""
        return self._do(calls.redeliver(webhook, delivery))

    def ready(self) -> bytes:
        """What the API says of its dependencies, whether they are all well or not."""
        with self._reached():
            return (self._send(calls.ready())).content

    def _do(self, call: Call[Answer]) -> Answer:
        tried = 0
        while True:
            tried += 1
            try:
                with self._reached():
                    response = self._send(call)
                    if response.status_code < 400:
                        return call.read(response.content)
                raise refusal(response.status_code, response.content, response.headers.get("retry-after"))
            except ClientError as error:
                pause = call.pause(tried, self.retries, error)
                if pause is None:
                    raise
            time.sleep(pause)

    def _send(self, call: Call[Any]) -> httpx.Response:
        timeout = httpx.Timeout(call.timeout, connect=5.0)
        return self._http.request(call.method, call.path, params=call.params, headers=call.headers, content=call.content, timeout=timeout)

    def _follow(self, following: Following) -> Iterator[Event]:
        while following.pause is not None:
            time.sleep(following.pause)
            try:
                with self._opened(following) as response:
                    messages = Messages()
                    for line in response.iter_lines():
                        data = messages.line(line)
                        event = following.takes(data) if data is not None else None
                        if event is not None:
                            yield event
                        following.in_time()
                following.closed(response.status_code)
            except ClientError as error:
                following.lost(error)

    @contextmanager
    def _opened(self, following: Following) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(30.0, connect=5.0, read=following.silence)
        options: dict[str, Any] = {"headers": following.headers, "timeout": timeout}
        with self._reached(), self._http.stream("GET", following.path, **options) as response:
            if response.status_code >= 400:
                content = response.read()
                raise refusal(response.status_code, content, response.headers.get("retry-after"))
            yield response

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise calls.no_address(self.url, str(error)) from error
        except httpx.HTTPError as error:
            raise calls.unreached(self.url, error) from error
        except ValidationError as error:
            raise calls.another(self.url) from error


def _checked(run: RunDetail) -> RunDetail:
    if run.state is not RunState.SUCCEEDED:
        raise RunFailed(run)
    return run
