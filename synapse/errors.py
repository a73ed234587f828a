"""One tree of errors; each knows its code, its HTTP status and whether a retry helps.

SynapseError
├── InvalidInput          400  what the caller sent cannot be used
│   ├── InvalidWorkflow   422  a definition with a fault, and the fault's path
│   ├── InvalidPayload    422  a signal that nobody who waits for it could use
│   └── Conflict          409  the idempotency key or the state does not allow it
├── NotFound              404
├── Unauthorized          401  who calls could not be told
├── Forbidden             403  who calls may not do this
├── LimitReached          429  the tenant has too much under way
│   ├── TooManyRequests   429  the caller asks too often
│   ├── TooManyRuns       429
│   ├── BacklogFull       429
│   ├── TooManySchedules  429
│   └── TooManyWebhooks   429
├── StepError             500  an agent could not do its work
│   ├── Transient         503  trying again may help
│   │   └── OutOfReach    503  the server of a tool does not answer at all
│   ├── StepTimeout       504  the step's or the call's time ran out
│   ├── Permanent         422  trying again cannot help
│   ├── NoAnswer          502  the language model gave nothing that can be used
│   ├── WaitExpired       504  what was waited for did not come in time
│   └── Rejected          409  somebody was asked, and said no
├── Cancelled             409  the run was cancelled, or its deadline passed
└── Unavailable           503  a dependency does not answer
"""

from __future__ import annotations

from typing import ClassVar


class SynapseError(Exception):
    """Something went wrong inside Synapse."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, *, field: str | None = None, remedy: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or self.code).strip()
        self.field = field
        self.remedy = remedy
        super().__init__(self.detail)

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{where}{self.detail}{remedy}"


class InvalidInput(SynapseError):
    """What was sent cannot be used."""

    code, status = "invalid-input", 400


class InvalidWorkflow(InvalidInput):
    """The workflow definition has a fault."""

    code, status = "invalid-workflow", 422


class InvalidPayload(InvalidInput):
    """The signal's payload is not what is waited for."""

    code, status = "invalid-payload", 422


class Conflict(InvalidInput):
    """The state of the resource does not allow this."""

    code, status = "conflict", 409


class NotFound(SynapseError):
    """There is no such thing here."""

    code, status = "not-found", 404


class Unauthorized(SynapseError):
    """A valid bearer token is needed."""

    code, status = "unauthorized", 401


class Forbidden(SynapseError):
    """The credentials do not reach that far."""

    code, status = "forbidden", 403


class LimitReached(SynapseError):
    """The tenant has too much under way. ``retry_after`` is in seconds."""

    code, status = "limit-reached", 429

    def __init__(self, detail: str | None = None, *, field: str | None = None, remedy: str | None = None, retry_after: int = 5) -> None:
        super().__init__(detail, field=field, remedy=remedy)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says beside its body."""
        return {"Retry-After": str(self.retry_after)}


class TooManyRequests(LimitReached):
    """The caller asks more often than it may."""

    code = "too-many-requests"


class TooManyRuns(LimitReached):
    """The tenant has too many runs under way."""

    code = "too-many-runs"


class BacklogFull(LimitReached):
    """Too many of the tenant's steps wait for their turn."""

    code = "backlog-full"


class TooManySchedules(LimitReached):
    """The tenant has as many schedules as it may."""

    code = "too-many-schedules"


class TooManyWebhooks(LimitReached):
    """The tenant has as many webhooks as it may."""

    code = "too-many-webhooks"


class StepError(SynapseError):
    """The agent could not do its work."""

    code = "step-failed"


class Transient(StepError):
    """The agent could not do its work now; trying again may help."""

    code, status, retryable = "transient", 503, True

    def __init__(
        self, detail: str | None = None, *, field: str | None = None, remedy: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail, field=field, remedy=remedy)
        self.retry_after = retry_after
        """Seconds that whoever failed asked to be left alone for; None when it did not say."""


class OutOfReach(Transient):
    """The server of a tool does not answer at all."""

    code = "out-of-reach"


class StepTimeout(StepError):
    """The step's time ran out."""

    code, status, retryable = "timeout", 504, True


class Permanent(StepError):
    """The agent cannot do this, however often it is tried."""

    code, status = "permanent", 422


class NoAnswer(StepError):
    """The language model gave nothing that can be used."""

    code, status = "no-answer", 502


class WaitExpired(StepError):
    """What was waited for did not come in time."""

    code, status = "expired", 504


class Rejected(StepError):
    """Somebody was asked, and said no."""

    code, status = "rejected", 409


class Cancelled(SynapseError):
    """The run was cancelled."""

    code, status = "cancelled", 409


class Unavailable(SynapseError):
    """A dependency does not answer."""

    code, status, retryable = "unavailable", 503, True
