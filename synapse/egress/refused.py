"""What is not done for anybody, and the rule that says so: metrics count by it."""

from __future__ import annotations

from synapse.errors import Permanent


class Refused(Permanent):
    """What is asked for is not done for anybody."""

    rule: str = "address"
    """One of `synapse.mcp_servers.metrics.RULES`."""

    def __init__(self, detail: str | None = None, rule: str | None = None) -> None:
        super().__init__(detail)
        if rule is not None:
            self.rule = rule
