"""Runs that are started by a message: who sent it, what it asks for, and how it ended."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from synapse.contracts.inbox import InboxAnswer, SignedTask, TaskAssign
from synapse.contracts.principal import DEFAULT_TENANT, Principal, Scope, tenant_of
from synapse.engine.inbox import Accepted, InboxStep, Letter
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, Unauthorized
from synapse.service.runs import Runs
from synapse.settings import InboxSettings

_MOST: Final = 1_000_000
_SIGNED: Final = "signed"
Model = TypeVar("Model", bound=BaseModel)


class Inbox:
    """Starts the runs of messages whose sender is known: by the broker, or by a signature."""

    def __init__(self, runtime: Runtime, settings: InboxSettings) -> None:
        self.runtime = runtime
        self._users = {user: tenant_of(tenant) for user, tenant in settings.tenants.items()}
        self._secret = settings.inbox_secret.get_secret_value().encode() if settings.inbox_secret else None

    def receive(self, letter: Letter) -> Accepted:
        """Start the run that it asks for; the same one when it has come before. Raises Unauthorized, InvalidInput, NotFound, Conflict."""
        sender, key, task = self._authenticated(letter)
        if key is None:
            raise InvalidInput("without an id the same message twice would be two runs", field="id", remedy="or set message_id")
        runs = Runs(self.runtime, sender)
        submitted = runs.submit(task.request, idempotency_key=f"inbox:{sender.name}:{key}")
        run = submitted.run
        return Accepted(run.id, sender.tenant, InboxAnswer(name="run.accepted", run=run.id, state=run.state))

    def outcome(self, tenant: str, run: str) -> InboxAnswer | None:
        """How the run ended; None while it has not. Raises NotFound."""
        runs = Runs(self.runtime, Principal(tenant_of(tenant), "inbox", frozenset({Scope.RUNS_READ})))
        if not runs.state(run).terminal:
            return None
        found = runs.get(run)
        return InboxAnswer(name="run.ended", run=run, state=found.state, error=found.error)

    def _authenticated(self, letter: Letter) -> tuple[Principal, str | None, TaskAssign]:
        if len(letter.body) > _MOST:
            raise InvalidInput(f"more than {_MOST} bytes")
        tenant = self._users.get(letter.user) if letter.user is not None else None
        if letter.user is not None and tenant is not None:
            task = _read(TaskAssign, letter.body)
            return _principal(tenant, f"user:{letter.user}"), task.id or letter.message_id, task
        if self._secret is None:
            raise Unauthorized("the broker does not vouch for its sender", remedy="set user_id to a user that SYNAPSE_INBOX_USERS has")
        try:
            envelope = _read(SignedTask, letter.body)
        except InvalidInput as error:
            raise Unauthorized("it is no signed envelope, nor is its user_id that of a user who may send others") from error
        right = hmac.new(self._secret, envelope.payload.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, envelope.signature):
            raise Unauthorized("its signature is wrong")
        task = _read(TaskAssign, envelope.payload.encode("utf-8", "surrogatepass"))
        # message_id is not signed: with it, who repeats an envelope could have it done again.
        return _principal(DEFAULT_TENANT, _SIGNED), task.id, task


def attach(app: Any, settings: InboxSettings | None = None) -> None:
    """Have the workers of a Celery application read the inbox, where the settings switch it on."""
    settings = settings or InboxSettings()
    if settings.enabled:
        app.intake = Inbox(app.runtime, settings)
        app.steps["consumer"].add(InboxStep)


def _principal(tenant: Any, name: str) -> Principal:
    return Principal(tenant, name, frozenset({Scope.RUNS_WRITE}))


def _read(model: type[Model], content: bytes) -> Model:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise InvalidInput(first["msg"], field=".".join(str(part) for part in first["loc"]) or None) from error
