"""What a migration does to programs of the version before, which go on while it is rolled out: read off its SQL for PostgreSQL.

Only what is known to be harmless passes. What takes something away, a contract, is for a later version: one that comes after the version
whose programs first did without. It says which that is, as ``contracts = "0007"``, and in the same transaction tells older programs that
they cannot work with the tables any more.
"""

from __future__ import annotations

import io
import re
from types import ModuleType

from alembic.migration import MigrationContext
from alembic.operations import Operations

_NAME = r'"?(\w+)"?'
# A statement, and what is to be said of it; None where it hurts nobody. The first that fits counts.
_NEW_TABLE = re.compile(rf"CREATE TABLE {_NAME} \(")
_INDEX = re.compile(rf"CREATE (UNIQUE )?INDEX (CONCURRENTLY )?(?:IF NOT EXISTS )?{_NAME} ON {_NAME}")
_ALTER = re.compile(rf"ALTER TABLE (?:ONLY )?{_NAME} (.*)")
_COLUMN = re.compile(r"ADD COLUMN (?:IF NOT EXISTS )?\w+ (.*)")
_HARMLESS = re.compile(r"COMMENT ON |INSERT INTO |UPDATE |SELECT |DROP INDEX CONCURRENTLY |SET LOCAL |(?:BEGIN|COMMIT)$")
_RAISES = re.compile(r"UPDATE compatibility SET oldest = '(\d+)'")


class NoRows:
    """A database for migrations that look into it: it is PostgreSQL, and has no rows."""

    def __init__(self, context: MigrationContext) -> None:
        self.dialect = context.dialect

    def execute(self, *_: object) -> NoRows:
        """Nothing."""
        return self

    def all(self) -> list[object]:
        """No rows."""
        return []


def statements(migration: ModuleType) -> list[str]:
    """The SQL that the migration runs on PostgreSQL, a line each."""
    written = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    context.impl.connection = NoRows(context)  # type: ignore[assignment]
    with Operations.context(context):
        migration.upgrade()
    return [" ".join(text.split()) for text in written.getvalue().split(";\n") if text.strip()]


def faults(migration: ModuleType) -> list[str]:
    """What programs of the version before would stumble over; empty for a migration that only adds, or contracts as it should."""
    sql = statements(migration)
    found = [f"{why}: {statement}" for statement in sql if (why := _fault(statement, _made(sql))) is not None]
    since = getattr(migration, "contracts", None)
    if not found or since is None:
        return found
    if not since <= migration.down_revision:
        return [*found, f"version {since} is the first whose programs do without: its successor is the first that may contract"]
    raised = max((match[1] for statement in sql if (match := _RAISES.fullmatch(statement))), default="")
    if raised < since:
        return [*found, f"it must run UPDATE compatibility SET oldest = '{since}'"]
    return []


def _made(sql: list[str]) -> set[str]:
    """Tables that the migration makes itself: nobody uses them yet."""
    return {match[1] for statement in sql if (match := _NEW_TABLE.match(statement))}


def _fault(statement: str, made: set[str]) -> str | None:
    if _NEW_TABLE.match(statement) or _HARMLESS.match(statement):
        return None
    if match := _INDEX.match(statement):
        unique, concurrently, _, table = match.groups()
        if table in made:
            return None
        if unique:
            return "a unique index refuses what older programs may write"
        return None if concurrently else "an index that is not made CONCURRENTLY keeps everybody from writing meanwhile"
    if match := _ALTER.match(statement):
        table, what = match.groups()
        return None if table in made else _fault_of_change(what)
    return "it is not known to leave programs of the version before alone"


def _fault_of_change(what: str) -> str | None:
    if match := _COLUMN.match(what):
        needed = "NOT NULL" in match[1] and " DEFAULT " not in match[1]
        return "older programs write no value for a column that must have one" if needed else None
    if what.startswith("DROP COLUMN"):
        return "older programs use the column"
    if what.startswith("RENAME"):
        return "older programs know it by the old name"
    if what.startswith("DROP CONSTRAINT"):
        return "older programs may rely on the constraint, as ON CONFLICT does"
    if what.startswith("ADD CONSTRAINT"):
        return "a constraint refuses what older programs may write, and is checked while everybody waits"
    if what.startswith("ALTER COLUMN") and re.search(r" (SET DEFAULT|DROP NOT NULL)\b", what):
        return None
    return "older programs know the column as it was"
