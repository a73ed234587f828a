"""Whose runs are."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from synapse.state.driver import Driver

OF_RUNS: Final = "SELECT id, tenant FROM run WHERE id {among}"
_AMONG: Final = {"postgresql": "= ANY(CAST(:runs AS text[]))", "sqlite": "IN (SELECT value FROM json_each(:runs))"}


class Tenants:
    """Tenants by run. A run never changes its tenant."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def of(self, runs: Collection[str]) -> dict[str, str]:
        """The tenant of each of these runs that there is, in one statement. Raises Unavailable."""
        sql = OF_RUNS.replace("{among}", _AMONG[self.driver.name])
        wanted = list(runs) if self.driver.name == "postgresql" else json.dumps(list(runs))
        return {str(run): str(tenant) for run, tenant in self.driver.rows(sql, {"runs": wanted})}
