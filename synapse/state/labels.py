"""A run's labels, changed."""

from __future__ import annotations

from collections.abc import Mapping

from synapse.contracts.labels import changed
from synapse.errors import NotFound
from synapse.state.driver import Driver, Session
from synapse.state.text import dumps

LABELS = "SELECT labels FROM run WHERE id = :run{lock}"
RELABEL = "UPDATE run SET labels = {json:labels} WHERE id = :run"


def change(driver: Driver, run: str, wanted: Mapping[str, str | None]) -> dict[str, str]:
    """The run's labels after the change. Raises NotFound, InvalidInput when they are too many."""
    lock = " FOR UPDATE" if driver.name == "postgresql" else ""

    def write(session: Session) -> dict[str, str]:
        found = session.rows(LABELS.replace("{lock}", lock), {"run": run})
        if not found:
            raise NotFound(f"there is no run {run!r}")
        labels = changed(driver.loads(found[0][0]) or {}, wanted)
        session.rows(RELABEL, {"run": run, "labels": dumps(labels)})
        return labels

    return driver.atomic(write)
