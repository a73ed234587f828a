"""Webhooks of a tenant: what they are, what they are told of, and how their secrets change."""

from __future__ import annotations

from typing import Any, Final

from synapse.contracts.principal import Tenant
from synapse.contracts.webhook import NewWebhook, Webhook, WebhookRequest
from synapse.errors import NotFound
from synapse.state.driver import Driver, Session
from synapse.state.text import dumps

COLUMNS: Final = """id, url, description, events, enabled, created_at, created_by, updated_at, disabled_at, disabled_because,
 failing_since, paused_until, old_secret_until"""
_NAMES: Final = tuple(name.strip() for name in COLUMNS.split(","))
_TIMES: Final = tuple(name for name in _NAMES if name.endswith(("_at", "_since", "_until")))
ADD = f"""INSERT INTO webhook (id, tenant, url, description, events, enabled, secret, created_at, created_by, updated_at)
VALUES (:id, :tenant, :url, :description, {{json:events}}, :enabled, :secret, {{now}}, :by, {{now}}) RETURNING {COLUMNS}"""
COUNT = "SELECT count(*) FROM webhook WHERE tenant = :tenant"
ONE = f"SELECT {COLUMNS} FROM webhook WHERE id = :id AND tenant = :tenant{{lock}}"
ALL = f"SELECT {COLUMNS} FROM webhook WHERE tenant = :tenant ORDER BY created_at, id LIMIT 1000"
# Who changes it has looked at it: what was wrong is forgotten.
REPLACE = f"""UPDATE webhook SET url = :url, description = :description, events = {{json:events}}, enabled = :enabled, updated_at = {{now}},
 disabled_at = NULL, disabled_because = NULL, failing_since = NULL, paused_until = NULL
WHERE id = :id AND tenant = :tenant RETURNING {COLUMNS}"""
ROTATE = f"""UPDATE webhook SET old_secret = secret, old_secret_until = {{in:overlap}}, secret = :secret, updated_at = {{now}}
WHERE id = :id AND tenant = :tenant RETURNING {COLUMNS}"""
DROP = "DELETE FROM webhook WHERE id = :id AND tenant = :tenant RETURNING id"
SUBSCRIBE = "INSERT INTO webhook_subscription (tenant, event, webhook) VALUES (:tenant, :event, :id)"
UNSUBSCRIBE = "DELETE FROM webhook_subscription WHERE webhook = :id AND tenant = :tenant"
FORGET = "DELETE FROM delivery WHERE webhook = :id"


class Webhooks:
    """Keeps webhooks. What is delivered to them is `synapse.state.deliveries`'."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._lock = " FOR UPDATE" if driver.name == "postgresql" else ""

    def add(self, tenant: Tenant, identifier: str, request: WebhookRequest, secret: str, *, by: str) -> NewWebhook:
        """A new webhook."""

        def work(session: Session) -> NewWebhook:
            values = {**_values(identifier, tenant, request), "secret": secret, "by": by}
            row = session.rows(ADD, values)[0]
            self._subscribe(session, tenant, identifier, request)
            return NewWebhook(**self._fields(row), secret=secret)

        return self.driver.atomic(work)

    def count(self, tenant: Tenant) -> int:
        """How many the tenant has."""
        return int(self.driver.rows(COUNT, {"tenant": tenant})[0][0])

    def get(self, tenant: Tenant, identifier: str) -> Webhook:
        """One of the tenant's. Raises NotFound."""
        return self._one(self.driver.rows(ONE.replace("{lock}", ""), {"id": identifier, "tenant": tenant}), identifier)

    def list(self, tenant: Tenant) -> tuple[Webhook, ...]:
        """The tenant's, oldest first; the first thousand."""
        return tuple(Webhook(**self._fields(row)) for row in self.driver.rows(ALL, {"tenant": tenant}))

    def replace(self, tenant: Tenant, identifier: str, request: WebhookRequest) -> Webhook:
        """Have it be another one from now on; its secret stays. Raises NotFound."""

        def work(session: Session) -> Webhook:
            found = self._one(session.rows(REPLACE, _values(identifier, tenant, request)), identifier)
            session.rows(UNSUBSCRIBE, {"id": identifier, "tenant": tenant})
            self._subscribe(session, tenant, identifier, request)
            return found

        return self.driver.atomic(work)

    def rotate(self, tenant: Tenant, identifier: str, secret: str, overlap: float) -> NewWebhook:
        """Give it another secret; the old one signs, too, for ``overlap`` seconds. Raises NotFound."""
        rows = self.driver.rows(ROTATE, {"id": identifier, "tenant": tenant, "secret": secret, "overlap": overlap})
        return NewWebhook(**self._one(rows, identifier).model_dump(), secret=secret)

    def drop(self, tenant: Tenant, identifier: str) -> None:
        """Forget it and what was delivered to it. Raises NotFound."""

        def work(session: Session) -> None:
            key = {"id": identifier, "tenant": tenant}
            if not session.rows(DROP, key):
                raise _missing(identifier)
            session.rows(UNSUBSCRIBE, key)
            session.rows(FORGET, {"id": identifier})

        self.driver.atomic(work)

    @staticmethod
    def _subscribe(session: Session, tenant: Tenant, identifier: str, request: WebhookRequest) -> None:
        for event in sorted(request.events) if request.enabled else ():
            session.rows(SUBSCRIBE, {"tenant": tenant, "event": event.value, "id": identifier})

    def _one(self, rows: Any, identifier: str) -> Webhook:
        if not rows:
            raise _missing(identifier)
        return Webhook(**self._fields(rows[0]))

    def _fields(self, row: tuple[Any, ...]) -> dict[str, Any]:
        found = dict(zip(_NAMES, row, strict=True))
        times = {name: self.driver.moment(found[name]) for name in _TIMES}
        return {**found, **times, "events": frozenset(self.driver.loads(found["events"])), "enabled": bool(found["enabled"])}


def _values(identifier: str, tenant: Tenant, request: WebhookRequest) -> dict[str, Any]:
    return {
        "id": identifier,
        "tenant": tenant,
        "url": request.url,
        "description": request.description,
        "events": dumps(sorted(request.events)),
        "enabled": request.enabled,
    }


def _missing(identifier: str) -> NotFound:
    return NotFound(f"there is no webhook {identifier!r}")
