"""Workflows that tenants made by the API: each version is written once and never changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from synapse.contracts.principal import Tenant
from synapse.contracts.workflow import MOST_VERSIONS, Workflow
from synapse.errors import Conflict
from synapse.state.driver import Driver, Session
from synapse.state.text import dumps
from synapse.workflows.definition import from_data, to_data
from synapse.workflows.program import digest_of

_COLUMNS: Final = "name, version, digest, body, created_at, created_by"
ADD = """INSERT INTO definition (tenant, name, version, digest, body, created_at, created_by)
VALUES (:tenant, :name, :version, :digest, {json:body}, {now}, :by) ON CONFLICT DO NOTHING RETURNING 1"""
ONE = f"SELECT {_COLUMNS} FROM definition WHERE tenant = :tenant AND name = :name AND version = :version"
LATEST = f"SELECT {_COLUMNS} FROM definition WHERE tenant = :tenant AND name = :name ORDER BY version DESC LIMIT 1"
VERSIONS = """SELECT version, digest, created_at, created_by FROM definition WHERE tenant = :tenant AND name = :name
ORDER BY version DESC LIMIT 1000"""
NAMES = "SELECT DISTINCT name FROM definition WHERE tenant = :tenant ORDER BY name"
_TRIES: Final = 20


@dataclass(frozen=True)
class Version:
    """One version as it is kept."""

    workflow: Workflow
    digest: str
    created_at: datetime | None
    created_by: str


@dataclass(frozen=True)
class Shelf:
    """The workflows of one tenant. Blocks on the database."""

    driver: Driver
    tenant: Tenant

    def names(self) -> list[str]:
        """The names there are."""
        return [str(name) for (name,) in self.driver.rows(NAMES, {"tenant": self.tenant})]

    def get(self, name: str, version: int | None = None) -> Version | None:
        """A version, by default the newest; None when there is none."""
        key = {"tenant": self.tenant, "name": name, "version": version}
        rows = self.driver.rows(LATEST if version is None else ONE, key)
        return self._version(rows[0]) if rows else None

    def versions(self, name: str) -> list[tuple[int, str, datetime | None, str]]:
        """Number, digest, time and maker of the newest thousand versions, newest first."""
        rows = self.driver.rows(VERSIONS, {"tenant": self.tenant, "name": name})
        return [(number, digest, self.driver.moment(at), by) for number, digest, at, by in rows]

    def add(self, workflow: Workflow, *, numbered: bool, by: str) -> tuple[Version, bool]:
        """The workflow as a new version, and whether it is new: one that is there already is given back.

        ``numbered``: its own version counts; otherwise it gets the one after the newest. Raises Conflict for a version that is
        there and is another one.
        """
        return self._numbered(workflow, by) if numbered else self._next(workflow, by)

    def _numbered(self, workflow: Workflow, by: str) -> tuple[Version, bool]:
        created = self._write(self.driver, workflow, by)
        found = self._there(workflow.name, workflow.version)
        if found.digest != digest_of(workflow):
            raise Conflict(
                f"version {workflow.version} of {workflow.name!r} is there already, and is another one",
                field="version",
                remedy="versions never change: leave the number out to have the next one",
            )
        return found, created

    def _next(self, workflow: Workflow, by: str) -> tuple[Version, bool]:
        for _ in range(_TRIES):
            newest = self.get(workflow.name)
            number = newest.workflow.version + 1 if newest is not None else 1
            if newest is not None and newest.digest == digest_of(workflow.model_copy(update={"version": newest.workflow.version})):
                return newest, False
            if number > MOST_VERSIONS:
                raise Conflict(f"{workflow.name!r} has no number left for another version", field="version", remedy="take another name")
            wanted = workflow.model_copy(update={"version": number})
            # Another one may take the number meanwhile: then it is the next but one.
            if self._write(self.driver, wanted, by):
                return self._there(workflow.name, number), True
        raise Conflict(f"others are writing versions of {workflow.name!r} all the time", remedy="try again")

    def _write(self, session: Session, workflow: Workflow, by: str) -> bool:
        key = {"tenant": self.tenant, "name": workflow.name, "version": workflow.version}
        return bool(session.rows(ADD, {**key, "digest": digest_of(workflow), "body": dumps(to_data(workflow)), "by": by}))

    def _there(self, name: str, version: int) -> Version:
        found = self.get(name, version)
        assert found is not None, "nothing takes a version away"  # noqa: S101 - it was written a moment ago
        return found

    def _version(self, row: tuple[Any, ...]) -> Version:
        _, _, digest, body, at, by = row
        return Version(from_data(self.driver.loads(body)), digest, self.driver.moment(at), by)
