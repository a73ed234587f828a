"""API keys at rest: the sha256 of each secret, and who it stands for.

A secret is 256 random bits, so nobody finds it by trying and no two are alike: a slow, salted hash, which protects what
people choose, would protect nothing here and cost every request its time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Any, Final

from synapse.contracts.api_key import ApiKey, NewKey
from synapse.contracts.principal import Principal, Scope, Tenant, scopes_among
from synapse.errors import Conflict, NotFound
from synapse.state.driver import Driver
from synapse.state.text import dumps

_SHAPE: Final = re.compile(r"syn_([0-9a-f]{12})_([0-9a-f]{64})")
_NOBODYS: Final = "0" * 64
"""Compared with where there is no such key, so that this takes no less time."""
_COLUMNS: Final = "id, tenant, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, replaces"
_ALIVE: Final = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {now})"

ADD = f"""INSERT INTO api_key (id, tenant, name, digest, scopes, created_at, created_by, expires_at, replaces)
VALUES (:id, :tenant, :name, :digest, {{json:scopes}}, {{now}}, :created_by, {{expires}}, :replaces) RETURNING {_COLUMNS}"""
FIND = f"""SELECT digest, tenant, name, scopes, {_ALIVE},
 last_used_at IS NULL OR last_used_at < {{in:ago}} FROM api_key WHERE id = :id"""
USED = "UPDATE api_key SET last_used_at = {now} WHERE id = :id"
ONE = f"SELECT {_COLUMNS} FROM api_key WHERE id = :id AND tenant = :tenant"
LIVE = f"SELECT 1 FROM api_key WHERE id = :id AND tenant = :tenant AND {_ALIVE}{{lock}}"
ALL = f"SELECT {_COLUMNS} FROM api_key WHERE tenant = :tenant ORDER BY created_at DESC, id DESC LIMIT 1000"
REVOKE = f"""UPDATE api_key SET revoked_at = coalesce(revoked_at, {{now}}) WHERE id = :id AND tenant = :tenant RETURNING {_COLUMNS}"""
# Never later than it would have ended anyway.
END_IN = """UPDATE api_key SET expires_at = {in:seconds}
WHERE id = :id AND tenant = :tenant AND (expires_at IS NULL OR expires_at > {in:seconds})"""
_MINUTE: Final = 60.0


class ApiKeys:
    """Makes, checks and ends keys."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._lock = " FOR UPDATE" if driver.name == "postgresql" else ""

    def create(self, tenant: Tenant, name: str, scopes: Iterable[Scope], *, seconds: float | None, by: str) -> NewKey:
        """A new key of the tenant that ends after ``seconds``, or never."""
        return self._create(self.driver, tenant, name, scopes, seconds, by)

    def _create(
        self, session: Any, tenant: Tenant, name: str, scopes: Iterable[Scope], seconds: float | None, by: str, replaces: str | None = None
    ) -> NewKey:
        identifier, secret = secrets.token_hex(6), secrets.token_hex(32)
        values = {
            "id": identifier,
            "tenant": tenant,
            "name": name,
            "digest": _digest(secret),
            "scopes": dumps(sorted(scopes)),
            "created_by": by,
            "replaces": replaces,
        }
        expires = "NULL" if seconds is None else "{in:seconds}"
        rows = session.rows(ADD.replace("{expires}", expires), values if seconds is None else {**values, "seconds": seconds})
        return NewKey(**self._fields(rows[0]), key=f"syn_{identifier}_{secret}")

    def principal(self, key: str) -> Principal | None:
        """Whom the key stands for; None for one that is unknown, wrong, expired or revoked, without a difference."""
        shape = _SHAPE.fullmatch(key)
        if shape is None:
            return None
        identifier, secret = shape.groups()
        rows = self.driver.rows(FIND, {"id": identifier, "ago": -_MINUTE})
        digest, tenant, name, scopes, alive, unnoted = rows[0] if rows else (_NOBODYS, "", "", None, False, False)
        if not hmac.compare_digest(_digest(secret), digest) or not alive:
            return None
        if unnoted:
            self.driver.rows(USED, {"id": identifier})
        return Principal(Tenant(tenant), f"{name} ({identifier})", scopes_among(self.driver.loads(scopes)))

    def list(self, tenant: Tenant) -> tuple[ApiKey, ...]:
        """The tenant's newest thousand keys, newest first, those that have ended too."""
        return tuple(ApiKey(**self._fields(row)) for row in self.driver.rows(ALL, {"tenant": tenant}))

    def get(self, tenant: Tenant, identifier: str) -> ApiKey:
        """One of the tenant's. Raises NotFound."""
        return self._one(self.driver.rows(ONE, {"id": identifier, "tenant": tenant}), identifier)

    def revoke(self, tenant: Tenant, identifier: str) -> ApiKey:
        """End a key at once. Raises NotFound."""
        return self._one(self.driver.rows(REVOKE, {"id": identifier, "tenant": tenant}), identifier)

    def rotate(self, tenant: Tenant, identifier: str, *, overlap: float, by: str) -> NewKey:
        """A key like this one, for as long as this one was for; this one ends after ``overlap`` seconds.

        Raises NotFound, and Conflict for one that has ended.
        """
        return self.driver.atomic(lambda session: self._rotate(session, tenant, identifier, overlap, by))

    def _rotate(self, session: Any, tenant: Tenant, identifier: str, overlap: float, by: str) -> NewKey:
        old = self._one(session.rows(ONE, {"id": identifier, "tenant": tenant}), identifier)
        if not session.rows(LIVE.replace("{lock}", self._lock), {"id": identifier, "tenant": tenant}):
            raise Conflict("the key has ended", remedy="make a new one")
        session.rows(END_IN, {"id": identifier, "tenant": tenant, "seconds": overlap})
        seconds = (old.expires_at - old.created_at).total_seconds() if old.expires_at is not None else None
        return self._create(session, tenant, old.name, old.scopes, seconds, by, replaces=old.id)

    def _one(self, rows: Any, identifier: str) -> ApiKey:
        if not rows:
            raise NotFound(f"there is no key {identifier!r}")
        return ApiKey(**self._fields(rows[0]))

    def _fields(self, row: tuple[Any, ...]) -> dict[str, Any]:
        found = dict(zip(_COLUMNS.split(", "), row, strict=True))
        times = {name: self.driver.moment(found[name]) for name in ("created_at", "expires_at", "revoked_at", "last_used_at")}
        return {**found, **times, "scopes": tuple(sorted(scopes_among(self.driver.loads(found["scopes"]))))}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
