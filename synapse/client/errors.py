"""What can go wrong for a program that uses the API.

ClientError
├── Unreachable     nothing answers there, or what answers is not this API
├── Refused         the API said no, with the problem (RFC 9457) that it sent
│   ├── Invalid       400, 413, 415, 422   the request cannot be used
│   ├── Unauthorised  401, 403, 421        the token is missing, wrong or may not do this
│   ├── NotFound      404                  there is no such thing
│   ├── Conflict      409                  its state does not allow this
│   ├── TooMany       429                  the limit of requests is reached
│   └── Failed        5xx                  the API could not do it now
├── RunFailed       the run ended without success
└── WaitedTooLong   the run had not ended in the time that was given
"""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from synapse import errors
from synapse.contracts.run import RunDetail, RunState

PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses that may be another one a moment later."""


class Problem(BaseModel):
    """What the API says is wrong (RFC 9457); fields of a newer version are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    detail: str
    type: str = "about:blank"
    title: str = ""
    status: int = 0
    instance: str = ""
    code: str = "unknown"
    field: str | None = None
    remedy: str | None = None


class ClientError(errors.SynapseError):
    """The API could not be used."""


class Unreachable(ClientError, errors.Unavailable):
    """The API does not answer. One that ``passes`` may answer a moment later."""

    code: ClassVar[str] = "unreachable"

    def __init__(self, detail: str | None = None, *, passes: bool = True, field: str | None = None, remedy: str | None = None) -> None:
        super().__init__(detail, field=field, remedy=remedy)
        self.retryable = passes  # type: ignore[misc] # of the class elsewhere


class Refused(ClientError):
    """The API refused the request."""

    def __init__(self, status: int, problem: Problem, *, remedy: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(problem.detail, field=problem.field, remedy=remedy or problem.remedy)
        self.status = status  # type: ignore[misc] # of the class elsewhere; here the answer's
        self.code = problem.code  # type: ignore[misc]
        self.retryable = status in PASSING  # type: ignore[misc]
        self.problem = problem
        self.retry_after = retry_after
        """Seconds that the API asked to be left alone for; None when it did not say."""


class Invalid(Refused, errors.InvalidInput):
    """The request cannot be used."""


class Unauthorised(Refused):
    """The token is missing, wrong or may not do this."""


class NotFound(Refused, errors.NotFound):
    """There is no such thing."""


class Conflict(Refused, errors.Conflict):
    """The state of the thing does not allow this."""


class TooMany(Refused):
    """The limit of requests is reached."""


class Failed(Refused):
    """The API could not do it now."""


class RunFailed(ClientError):
    """The run ended without success; ``run`` is how it stands."""

    code: ClassVar[str] = "run-failed"

    def __init__(self, run: RunDetail) -> None:
        said = f": {run.error.message}" if run.error else ""
        super().__init__(f"run {run.id} {'failed' if run.state is RunState.FAILED else f'is {run.state}'}{said}")
        self.run = run


class WaitedTooLong(ClientError, TimeoutError):
    """The run had not ended in the time that was given; it goes on."""

    code: ClassVar[str] = "waited-too-long"

    def __init__(self, run: str, seconds: float) -> None:
        super().__init__(f"run {run} had not ended after {seconds:g} seconds", remedy="wait again: it goes on")
        self.run = run


_KINDS: Final[dict[int, type[Refused]]] = {
    401: Unauthorised,
    403: Unauthorised,
    404: NotFound,
    409: Conflict,
    421: Unauthorised,
    429: TooMany,
}


def refusal(status: int, content: bytes, retry_after: str | None = None) -> Refused:
    """The error that an answer stands for."""
    seconds = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    remedy = "set SYNAPSE_API_TOKEN to the API's token, or to a good API key" if status == 401 else None
    try:
        problem = Problem.model_validate_json(content)
    except ValidationError:
        problem, remedy = Problem(detail=f"the API answered {status}", status=status), "check SYNAPSE_API_URL"
    kind = _KINDS.get(status) or (Failed if status >= 500 else Invalid)
    return kind(status, problem, remedy=remedy, retry_after=seconds)
