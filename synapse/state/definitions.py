"""Workflow definitions as runs were started with them, by digest."""

from __future__ import annotations

from functools import lru_cache

from synapse.contracts.workflow import Workflow
from synapse.errors import NotFound
from synapse.state.driver import Driver
from synapse.workflows.definition import from_data
from synapse.workflows.program import Program, build

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

    def program(self, digest: str) -> Program:
        """The program of that digest, kept. Raises NotFound, and as `from_data` and `build` for what this version cannot read."""
        return _program(self, digest)

    def of_run(self, run: str) -> Workflow:
        """The definition that the run was started with. Raises NotFound."""
        rows = self.driver.rows(DIGEST, {"run": run})
        if not rows:
            raise NotFound(f"there is no run {run!r}")
        return self.get(rows[0][0])


@lru_cache(maxsize=512)
def _program(definitions: Definitions, digest: str) -> Program:
    return build(definitions.get(digest))
