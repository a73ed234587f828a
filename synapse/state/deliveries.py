"""What is to be delivered: claimed by who delivers, tried again when due, and what came of each attempt.

As with steps, a claim counts the attempts, and that number is the fence: whoever comes back late records nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from synapse.contracts.principal import Tenant
from synapse.contracts.webhook import TEST_EVENT, Delivery, DeliveryAttempt, DeliveryPage, DeliveryState, WebhookEvent
from synapse.errors import Conflict, InvalidInput, NotFound
from synapse.state import outbox
from synapse.state.driver import Driver, Session
from synapse.state.text import dumps
from synapse.state.webhooks import Webhooks

KEPT: Final = 1000
"""Finished deliveries of a webhook that are kept."""
LOGGED: Final = 20
DISABLE_AFTER: Final = 3 * 86_400.0
"""Seconds without anything taken after which a webhook is disabled."""
_COLUMNS: Final = "id, event, state, attempts, created_at, due, finished_at"
_OPEN: Final = "w.enabled = :yes AND (w.paused_until IS NULL OR w.paused_until <= {now})"
BUSY = f"""SELECT w.id FROM webhook w WHERE {_OPEN}
AND EXISTS (SELECT 1 FROM delivery d WHERE d.webhook = w.id AND d.due <= {{now}}) ORDER BY w.id"""
CLAIM = """UPDATE delivery SET attempts = attempts + 1, tries = tries + 1, due = {in:lease} WHERE id IN
(SELECT id FROM delivery WHERE webhook = :webhook AND due <= {now} ORDER BY due LIMIT :limit{skip})
RETURNING id, event, data, created_at, attempts, tries, log"""
WHERE_TO = """SELECT tenant, url, secret, CASE WHEN old_secret_until > {now} THEN old_secret END FROM webhook WHERE id = :webhook"""
RECORD = """UPDATE delivery SET state = :state, due = {due}, finished_at = {finished}, log = {json:log}
WHERE id = :id AND attempts = :number AND state = 'waiting' RETURNING id"""
WELL = "UPDATE webhook SET failing_since = NULL, paused_until = NULL WHERE id = :webhook AND failing_since IS NOT NULL"
ILL = """UPDATE webhook SET failing_since = coalesce(failing_since, {now}), paused_until = {paused} WHERE id = :webhook
RETURNING failing_since < {in:ago}"""
DISABLE = """UPDATE webhook SET enabled = :no, disabled_at = {now}, disabled_because = :why WHERE id = :webhook AND enabled = :yes
RETURNING tenant"""
MUTE = "DELETE FROM webhook_subscription WHERE webhook = :webhook"
PRUNE = """DELETE FROM delivery WHERE webhook = :webhook AND state <> 'waiting' AND created_at <
(SELECT created_at FROM delivery WHERE webhook = :webhook ORDER BY created_at DESC LIMIT 1 OFFSET :kept)"""
TEST = f"""INSERT INTO delivery (id, webhook, event, about, data, state, attempts, tries, created_at, due, log)
VALUES ({{uuid}}, :webhook, :event, {{uuid}}, {{json:data}}, 'waiting', 0, 0, {{now}}, {{now}}, {{json:log}}) RETURNING {_COLUMNS}"""
PAGE = f"SELECT {_COLUMNS} FROM delivery WHERE webhook = :webhook{{filters}} ORDER BY created_at DESC, id DESC LIMIT :limit"
ONE = f"SELECT {_COLUMNS}, data, log FROM delivery WHERE id = :id AND webhook = :webhook"
AGAIN = f"""UPDATE delivery SET state = 'waiting', tries = 0, due = {{now}}, finished_at = NULL
WHERE id = :id AND webhook = :webhook AND (state <> 'waiting' OR due > {{now}}) RETURNING {_COLUMNS}"""


@dataclass(frozen=True)
class Claimed:
    """One request to make: everything it takes. ``number`` is the fence, ``tries`` counts those of this round."""

    id: str
    webhook: str
    tenant: Tenant
    url: str
    secrets: tuple[str, ...]
    event: str
    data: dict[str, Any]
    created_at: datetime
    number: int
    tries: int
    log: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Recorded:
    """What an attempt led to: None for a stale one. ``disabled`` says why the webhook was disabled by it."""

    state: DeliveryState
    disabled: str | None = None


class Deliveries:
    """Claims, records and lists deliveries."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._webhooks = Webhooks(driver)
        self._skip = " FOR UPDATE SKIP LOCKED" if driver.name == "postgresql" else ""

    def waiting(self) -> list[str]:
        """Webhooks for which something is due."""
        return [row[0] for row in self.driver.rows(BUSY, {"yes": True})]

    def claim(self, webhook: str, limit: int, lease: float) -> list[Claimed]:
        """Take up to ``limit`` deliveries of a webhook, what is due longest first; they are due again when the lease runs out."""
        rows = self.driver.rows(CLAIM.replace("{skip}", self._skip), {"webhook": webhook, "limit": limit, "lease": lease})
        where = self.driver.rows(WHERE_TO, {"webhook": webhook}) if rows else []
        if not where:
            return []
        tenant, url, *secrets = where[0]
        return [
            Claimed(
                id=identifier,
                webhook=webhook,
                tenant=Tenant(tenant),
                url=url,
                secrets=tuple(secret for secret in secrets if secret),
                event=event,
                data=self.driver.loads(data),
                created_at=cast(datetime, self.driver.moment(created)),
                number=number,
                tries=tries,
                log=tuple(self.driver.loads(log)),
            )
            for identifier, event, data, created, number, tries, log in rows
        ]

    def delivered(self, claimed: Claimed, attempt: DeliveryAttempt) -> Recorded | None:
        """It was taken."""
        return self.driver.atomic(lambda session: self._record(session, claimed, attempt, DeliveryState.DELIVERED, None))

    def failed(
        self, claimed: Claimed, attempt: DeliveryAttempt, retry_in: float | None, *, pause: float | None = None, gone: bool = False
    ) -> Recorded | None:
        """It was not: try again after ``retry_in`` seconds, or give up.

        With ``pause`` the webhook is left alone for so many seconds; when it is ``gone``, or has failed for long, it is disabled.
        """

        def work(session: Session) -> Recorded | None:
            state = DeliveryState.WAITING if retry_in is not None and not gone else DeliveryState.FAILED
            recorded = self._record(session, claimed, attempt, state, retry_in)
            if recorded is None:
                return None
            key = {"webhook": claimed.webhook}
            paused = "NULL" if pause is None else "{in:pause}"
            timed = {**key, "ago": -DISABLE_AFTER, **({} if pause is None else {"pause": pause})}
            rows = session.rows(ILL.replace("{paused}", paused), timed)
            why = "gone" if gone else "failing" if rows and rows[0][0] else None
            return Recorded(state, why if why is not None and self._disable(session, claimed, why) else None)

        return self.driver.atomic(work)

    def _record(
        self, session: Session, claimed: Claimed, attempt: DeliveryAttempt, state: DeliveryState, retry_in: float | None
    ) -> Recorded | None:
        log = [*claimed.log, attempt.model_dump(mode="json", exclude_none=True)][-LOGGED:]
        values: dict[str, Any] = {"id": claimed.id, "number": claimed.number, "state": state.value, "log": dumps(log)}
        waits = state is DeliveryState.WAITING
        sql = RECORD.replace("{due}", "{in:delay}" if waits else "NULL").replace("{finished}", "NULL" if waits else "{now}")
        if not session.rows(sql, {**values, "delay": retry_in} if waits else values):
            return None
        if state is DeliveryState.DELIVERED:
            session.rows(WELL, {"webhook": claimed.webhook})
        if not waits:
            session.rows(PRUNE, {"webhook": claimed.webhook, "kept": KEPT})
        return Recorded(state)

    @staticmethod
    def _disable(session: Session, claimed: Claimed, why: str) -> bool:
        rows = session.rows(DISABLE, {"webhook": claimed.webhook, "why": why, "yes": True, "no": False})
        if rows:
            session.rows(MUTE, {"webhook": claimed.webhook})
            data = {"webhook": claimed.webhook, "code": why}
            outbox.happened(session, rows[0][0], WebhookEvent.WEBHOOK_DISABLED, f"{claimed.id}:{claimed.number}:disabled", data)
        return bool(rows)

    def test(self, tenant: Tenant, webhook: str) -> Delivery:
        """Something to deliver, to try it. Raises NotFound, and Conflict while the webhook is disabled."""
        self._enabled(tenant, webhook)
        values = {"webhook": webhook, "event": TEST_EVENT, "data": dumps({"webhook": webhook}), "log": "[]"}
        return self._read(self.driver.rows(TEST, values)[0])

    def again(self, tenant: Tenant, webhook: str, identifier: str) -> Delivery:
        """Deliver it now, with a fresh row of retries, whatever came of it. Raises NotFound, and Conflict while the webhook is disabled."""
        self._enabled(tenant, webhook)
        rows = self.driver.rows(AGAIN, {"id": identifier, "webhook": webhook})
        return self._read(rows[0]) if rows else self.get(tenant, webhook, identifier)[0]

    def _enabled(self, tenant: Tenant, webhook: str) -> None:
        if not self._webhooks.get(tenant, webhook).enabled:
            raise Conflict("the webhook is disabled", remedy="enable it first")

    def page(
        self, tenant: Tenant, webhook: str, *, state: DeliveryState | None = None, limit: int = 50, cursor: str | None = None
    ) -> DeliveryPage:
        """A page of a webhook's deliveries, newest first. Raises NotFound, and InvalidInput for a cursor that no page gave."""
        self._webhooks.get(tenant, webhook)
        values: dict[str, Any] = {"webhook": webhook, "limit": limit + 1}
        filters = ""
        if state is not None:
            filters, values = " AND state = :state", {**values, "state": state.value}
        if cursor is not None:
            at, last = _cursor(cursor)
            filters += " AND (created_at, id) < (:at, :last)"
            values |= {"at": self.driver.stored(at), "last": last}
        rows = self.driver.rows(PAGE.replace("{filters}", filters), values)
        found = tuple(self._read(row) for row in rows[:limit])
        more = json.dumps([found[-1].created_at.isoformat(), found[-1].id]) if len(rows) > limit else None
        return DeliveryPage(deliveries=found, next=more)

    def get(self, tenant: Tenant, webhook: str, identifier: str) -> tuple[Delivery, dict[str, Any], tuple[DeliveryAttempt, ...]]:
        """One with its data and its log. Raises NotFound."""
        self._webhooks.get(tenant, webhook)
        rows = self.driver.rows(ONE, {"id": identifier, "webhook": webhook})
        if not rows:
            raise NotFound(f"there is no delivery {identifier!r}")
        *row, data, log = rows[0]
        attempts = tuple(DeliveryAttempt.model_validate(each) for each in self.driver.loads(log))
        return self._read(tuple(row)), self.driver.loads(data), attempts

    def _read(self, row: tuple[Any, ...]) -> Delivery:
        found = dict(zip(_COLUMNS.split(", "), row, strict=True))
        times = {name: self.driver.moment(found[name]) for name in ("created_at", "due", "finished_at")}
        return Delivery(**{**found, **times})


def _cursor(text: str) -> tuple[datetime, str]:
    try:
        at, last = json.loads(text)
        found = datetime.fromisoformat(at)
        if found.tzinfo is not None:
            return found, str(last)
    except (ValueError, TypeError):
        pass
    raise InvalidInput("there is no such page", field="cursor", remedy="give the 'next' of the page before")
