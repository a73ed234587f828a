"""Workflow definitions as runs were started with them, by digest."""

from __future__ import annotations

from synapse.contracts.workflow import Workflow
from synapse.errors import NotFound
from synapse.state.driver import Driver
from synapse.workflows.definition import from_data

BODY = "SELECT body FROM workflow WHERE digest = :digest"
DIGEST = "SELECT digest FROM run WHERE id = :run"


class Definitions:
    """Reads definitions on the driver's connection: workers need nothing else of the tables that people ask about."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def get(self, digest: str) -> Workflow:
        """The definition of that digest. Raises NotFound."""
        rows = self.driver.rows(BODY, {"digest": digest})
        if not rows:
            raise NotFound(f"there is no workflow {digest[:12]!r}")
        return from_data(self.driver.loads(rows[0][0]))

    def of_run(self, run: str) -> Workflow:
        """The definition that the run was started with. Raises NotFound."""
        rows = self.driver.rows(DIGEST, {"run": run})
        if not rows:
            raise NotFound(f"there is no run {run!r}")
        return self.get(rows[0][0])
