"""The API as the commands call it: synchronous, typed by the contracts, and patient with a stream that breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from synapse.cli.exits import Unreachable
from synapse.contracts.api_key import ApiKey, KeyList, KeyRequest, NewKey
from synapse.contracts.dead_letter import DeadLetterDetail, DeadLetterPage
from synapse.contracts.messages import Event
from synapse.contracts.report import Report
from synapse.contracts.run import RunDetail, RunPage, RunRequest
from synapse.contracts.verification import Verification
from synapse.errors import SynapseError
from synapse.settings import ApiSettings

Model = TypeVar("Model", bound=BaseModel)
ENDS: Final = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_REFETCH: Final = 120.0
_SILENCE: Final = 60.0
"""Seconds without a byte after which a stream counts as broken: several keep-alive comments."""
_PATIENCE: Final = 30.0
"""Seconds for which a broken stream is tried again before the API counts as gone."""


class Refused(SynapseError):
    """The API refused the request."""

    def __init__(self, status: int, detail: str, *, code: str, field: str | None = None, remedy: str | None = None) -> None:
        super().__init__(detail, field=field, remedy=remedy)
        self.status = status  # type: ignore[misc] # of the class elsewhere; here the answer's
        self.code = code  # type: ignore[misc]


class Api:
    """A connection to the API. Every method raises Unreachable when it does not answer and Refused when it says no."""

    def __init__(self, url: str, token: str | None = None, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # The API is the operator's own: a proxy variable must not send its token elsewhere.
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT, transport=transport, trust_env=False)

    @classmethod
    def from_settings(cls, settings: ApiSettings | None = None) -> Api:
        """The API that the settings name."""
        settings = settings or ApiSettings()
        return cls(settings.api_url, settings.api_token.get_secret_value() if settings.api_token else None)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def ready(self) -> bytes:
        """What the API says of its dependencies, whether they are all well or not."""
        with self._reached():
            return self._http.get("/readyz").content

    def submit(self, request: RunRequest, *, key: str | None = None) -> RunDetail:
        """Start a run; with a key, the same one however often this is repeated."""
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        return self._get(RunDetail, "POST", "/v1/runs", content=request.model_dump_json(exclude_none=True), headers=headers)

    def runs(self, **filters: Any) -> RunPage:
        """A page of runs, newest first."""
        given = {name: value for name, value in filters.items() if value is not None}
        return self._get(RunPage, "GET", "/v1/runs", params=given)

    def run(self, run: str) -> RunDetail:
        """A run with every step."""
        return self._get(RunDetail, "GET", _path(run))

    def cancel(self, run: str, reason: str) -> RunDetail:
        """Stop a run."""
        return self._get(RunDetail, "POST", f"{_path(run)}/cancel", json={"reason": reason})

    def resume(self, run: str) -> RunDetail:
        """Go on with a run that failed or was cancelled."""
        return self._get(RunDetail, "POST", f"{_path(run)}/resume")

    def report(self, run: str) -> Report:
        """The report as data."""
        return self._get(Report, "GET", f"{_path(run)}/report", params={"format": "json"})

    def report_as(self, run: str, format: str) -> bytes:
        """The report as Markdown (md), HTML (html) or JSON (json)."""
        return self._call("GET", f"{_path(run)}/report", params={"format": format}).content

    def verification(self, run: str, *, refetch: bool = False) -> Verification:
        """The report checked again; with ``refetch`` its sources are fetched, which takes up to a minute."""
        timeout = httpx.Timeout(_REFETCH if refetch else _TIMEOUT.read, connect=5.0)
        return self._get(Verification, "GET", f"{_path(run)}/verification", params={"refetch": refetch}, timeout=timeout)

    def dead_letters(self, **filters: Any) -> DeadLetterPage:
        """A page of dead letters, newest first."""
        given = {name: value for name, value in filters.items() if value is not None}
        return self._get(DeadLetterPage, "GET", "/v1/dead-letters", params=given)

    def dead_letter(self, letter: str) -> DeadLetterDetail:
        """One with its content."""
        return self._get(DeadLetterDetail, "GET", _path(letter, "dead-letters"))

    def requeue(self, letter: str) -> DeadLetterDetail:
        """Send one to the queue that gave it up."""
        return self._get(DeadLetterDetail, "POST", f"{_path(letter, 'dead-letters')}/requeue")

    def drop(self, letter: str) -> None:
        """Forget one."""
        self._call("DELETE", _path(letter, "dead-letters"))

    def create_key(self, request: KeyRequest) -> NewKey:
        """Make an API key."""
        headers = {"Content-Type": "application/json"}
        return self._get(NewKey, "POST", "/v1/keys", content=request.model_dump_json(), headers=headers)

    def keys(self, tenant: str | None = None) -> KeyList:
        """Every key of a tenant, by default the caller's."""
        return self._get(KeyList, "GET", "/v1/keys", params=_of(tenant))

    def rotate_key(self, key: str, overlap: float, tenant: str | None = None) -> NewKey:
        """Make a key in place of one, which ends after ``overlap`` seconds."""
        return self._get(NewKey, "POST", f"{_path(key, 'keys')}/rotate", json={"overlap_seconds": overlap}, params=_of(tenant))

    def revoke_key(self, key: str, tenant: str | None = None) -> ApiKey:
        """End a key at once."""
        return self._get(ApiKey, "DELETE", _path(key, "keys"), params=_of(tenant))

    def follow(self, run: str, after: int = 0) -> Iterator[Event]:
        """Events above ``after`` as they come, to the one that ends the run; goes on where it was when the connection breaks."""
        lost_at: float | None = None
        while True:
            try:
                for event in self._stream(run, after):
                    after, lost_at = event.seq, None
                    yield event
                    if event.name in ENDS:
                        return
                if self.run(run).state.terminal:
                    return
            except Unreachable:
                now = time.monotonic()
                lost_at = lost_at or now
                if now - lost_at > _PATIENCE:
                    raise
            time.sleep(0.5)

    def _stream(self, run: str, after: int) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(30.0, connect=5.0, read=_SILENCE)
        with self._reached(), self._http.stream("GET", f"{_path(run)}/events", headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                response.read()
                raise _refusal(response)
            for data in messages(response.iter_lines()):
                yield Event.model_validate_json(data)

    def _get(self, model: type[Model], method: str, path: str, **options: Any) -> Model:
        response = self._call(method, path, **options)
        with self._reached():
            return model.model_validate_json(response.content)

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._reached():
            response = self._http.request(method, path, **options)
        if response.status_code >= 400:
            raise _refusal(response)
        return response

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise Unreachable(
                f"the API at {self.url} does not answer: {why}", remedy="start it with 'synapse up', or set SYNAPSE_API_URL"
            ) from error
        except httpx.InvalidURL as error:
            raise Unreachable(
                f"{self.url!r} is no address: {error}", field="SYNAPSE_API_URL", remedy="set it, e.g. to http://127.0.0.1:8800"
            ) from error
        except ValidationError as error:
            raise Unreachable(f"what answers at {self.url} is not this API", remedy="check SYNAPSE_API_URL") from error


def messages(lines: Iterator[str]) -> Iterator[str]:
    """The data of each server-sent event; comments and other fields are of no use here."""
    data: list[str] = []
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                data.append(value.removeprefix(" "))
        elif data:
            yield "\n".join(data)
            data = []


def _of(tenant: str | None) -> dict[str, str]:
    return {"tenant": tenant} if tenant is not None else {}


def _path(name: str, kind: str = "runs") -> str:
    # One segment, whatever is typed: a slash or a question mark must not lead to another route.
    return f"/v1/{kind}/" + (quote(name, safe="") if name.strip(".") else "none")


def _refusal(response: httpx.Response) -> Refused:
    try:
        problem = response.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return Refused(response.status_code, f"the API answered {response.status_code}", code="unknown", remedy="check SYNAPSE_API_URL")
    remedy = problem.get("remedy")
    if response.status_code == httpx.codes.UNAUTHORIZED:
        remedy = "set SYNAPSE_API_TOKEN to the API's token, or to a good API key"
    return Refused(response.status_code, detail, code=str(problem.get("code")), field=problem.get("field"), remedy=remedy)
