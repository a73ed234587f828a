"""What the caller's tenant used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from synapse.contracts.llm import ModelUse
from synapse.contracts.principal import Principal, tenant_of
from synapse.contracts.usage import Amounts, UsageReport
from synapse.engine.runtime import Runtime
from synapse.errors import Forbidden, InvalidInput

_DAYS: Final = 30
_MOST_DAYS: Final = 366
_YEAR: Final = timedelta(days=_MOST_DAYS - 1)


class UsageDesk:
    """Adds up what was used. Blocks on the database."""

    def __init__(self, runtime: Runtime, principal: Principal) -> None:
        self.runtime = runtime
        self.principal = principal

    def report(self, since: date | None = None, until: date | None = None, tenant: str | None = None) -> UsageReport:
        """Day by day from ``since`` to ``until``, both included; by default the thirty days up to today, in UTC; of an earlier
        first day, the year from it.

        Raises InvalidInput for days in the wrong order or too many, Forbidden for another tenant's unless the caller is an operator.
        """
        today = datetime.now(UTC).date()
        last = until or (since + _YEAR if since is not None and since < today - _YEAR else today)
        first = since or date.fromordinal(max(1, last.toordinal() - _DAYS + 1))
        if first > last:
            raise InvalidInput("since is after until", field="since")
        if (last - first).days >= _MOST_DAYS or last == date.max:
            raise InvalidInput(f"more than {_MOST_DAYS} days, or the last one there is", field="since", remedy="ask for a year at a time")
        whose = self.principal.tenant
        if tenant is not None and tenant != whose:
            if not self.principal.is_operator:
                raise Forbidden("only an operator names another tenant", field="tenant")
            whose = tenant_of(tenant)
        days = self.runtime.database.of(whose).usage(first, last, self._agents())
        total = {name: sum(getattr(day, name) for day in days) for name in Amounts.model_fields}
        return UsageReport(tenant=whose, since=first, until=last, days=days, total=Amounts(**{**total, "cost": round(total["cost"], 6)}))

    def _agents(self) -> list[str]:
        """The agents whose output says what a language model did for the run so far."""
        found = ((name, agent.output.model_fields.get("model")) for name, agent in self.runtime.registry.items())
        return [name for name, field in found if field is not None and field.annotation is ModelUse]
