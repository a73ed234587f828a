"""Messages that the broker gave up, kept until somebody sends them again or drops them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from synapse.contracts.dead_letter import DeadLetter, DeadLetterDetail, DeadLetterPage
from synapse.errors import InvalidInput, NotFound
from synapse.state.driver import Driver
from synapse.state.text import dumps

_LISTED = "number, queue, reason, count, died_at, recorded_at, run, step, size"
RECORD = """INSERT INTO dead_letter
(digest, queue, reason, count, died_at, recorded_at, run, step, size, exchange, routing_key, properties, body)
VALUES (:digest, :queue, :reason, :count, {in:ago}, {now}, :run, :step, :size, :exchange, :routing_key, {json:properties}, :body)
ON CONFLICT (digest) DO NOTHING"""
PAGE = f"SELECT {_LISTED} FROM dead_letter WHERE number < :before ORDER BY number DESC LIMIT :limit"
ONE = f"SELECT {_LISTED}, exchange, routing_key, properties, body FROM dead_letter WHERE number = :number"
DROP = "DELETE FROM dead_letter WHERE number = :number RETURNING number"
COUNT = "SELECT count(*) FROM dead_letter"
_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Corpse:
    """A message as it came from the dead-letter exchange. ``body`` is None when it is too large to keep."""

    digest: str
    queue: str
    reason: str
    count: int
    died_at: datetime
    run: str | None
    step: str | None
    size: int
    exchange: str
    routing_key: str
    properties: Mapping[str, Any]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is needed to send one again."""

    queue: str
    exchange: str
    routing_key: str
    properties: Mapping[str, Any]
    body: bytes | None


class DeadLetters:
    """Records, lists and drops them. A message that comes twice is recorded once."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def record(self, corpses: Sequence[Corpse], now: datetime) -> None:
        """Keep them, all or none. ``now`` is the clock by which ``died_at`` was read."""

        def work(session: Any) -> None:
            for each in corpses:
                values = {name: getattr(each, name) for name in Corpse.__slots__ if name not in ("died_at", "properties")}
                ago = min(0.0, (each.died_at - now).total_seconds())
                session.rows(RECORD, {**values, "ago": ago, "properties": dumps(each.properties)})

        self.driver.atomic(work)

    def page(self, *, limit: int = 50, cursor: str | None = None) -> DeadLetterPage:
        """A page of them, newest first. Raises InvalidInput for a cursor that no page gave."""
        before = _number(cursor) if cursor is not None else _NEWEST
        if before is None:
            raise InvalidInput("there is no such page", field="cursor", remedy="give the 'next' of the page before")
        rows = self.driver.rows(PAGE, {"before": before, "limit": limit + 1})
        letters = tuple(DeadLetter(**self._listed(row)) for row in rows[:limit])
        return DeadLetterPage(letters=letters, next=letters[-1].id if len(rows) > limit else None)

    def get(self, number: str) -> DeadLetterDetail:
        """One with its content. Raises NotFound."""
        row = self._row(number)
        kept = self._kept(row)
        return DeadLetterDetail(
            **self._listed(row),
            exchange=kept.exchange,
            routing_key=kept.routing_key,
            properties=dict(kept.properties),
            body=(kept.body or b"").decode("utf-8", "replace"),
            kept=kept.body is not None,
        )

    def content(self, number: str) -> Kept:
        """What is needed to send it again. Raises NotFound."""
        return self._kept(self._row(number))

    def drop(self, number: str) -> None:
        """Forget it. Raises NotFound."""
        known = _number(number)
        if known is None or not self.driver.rows(DROP, {"number": known}):
            raise NotFound(f"there is no dead letter {number!r}")

    def count(self) -> int:
        """How many there are."""
        return int(self.driver.rows(COUNT, {})[0][0])

    def _row(self, number: str) -> tuple[Any, ...]:
        known = _number(number)
        rows = self.driver.rows(ONE, {"number": known}) if known is not None else []
        if not rows:
            raise NotFound(f"there is no dead letter {number!r}")
        return rows[0]

    def _listed(self, row: Sequence[Any]) -> dict[str, Any]:
        names = ("queue", "reason", "count", "died_at", "recorded_at", "run", "step", "size")
        found = dict(zip(names, row[1:9], strict=True))
        return {**found, "id": str(row[0]), **{name: self.driver.moment(found[name]) for name in ("died_at", "recorded_at")}}

    def _kept(self, row: Sequence[Any]) -> Kept:
        body = bytes(row[12]) if row[12] is not None else None
        return Kept(row[1], row[9], row[10], self.driver.loads(row[11]), body)


def _number(text: str) -> int | None:
    """The number that a client gave as text, where it can be one that the database has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(_NEWEST)) else None
