"""Everything the faces may ask for, in one object."""

from __future__ import annotations

from functools import cached_property

from synapse.contracts.catalogue import AgentView
from synapse.contracts.principal import OPERATOR, Principal
from synapse.engine.runtime import Runtime
from synapse.errors import NotFound
from synapse.service import census
from synapse.service.artifacts import Artifacts
from synapse.service.bulk import Bulk
from synapse.service.census import Census
from synapse.service.dead_letters import DeadLetterDesk
from synapse.service.evidence import EvidenceDesk
from synapse.service.feed import Feed
from synapse.service.health import HealthChecks
from synapse.service.keys import KeyDesk
from synapse.service.operations import OperationsDesk
from synapse.service.reports import Reports
from synapse.service.runs import Runs
from synapse.service.schedules import ScheduleDesk
from synapse.service.topology import TopologyDesk
from synapse.service.usage import UsageDesk
from synapse.service.verification import Verifications
from synapse.service.webhooks import WebhookDesk
from synapse.service.workflows import WorkflowDesk


class Service:
    """The parts that faces use, acting for one caller: by default the operator. Importing and making it connects to nothing."""

    def __init__(self, runtime: Runtime | None = None, principal: Principal = OPERATOR) -> None:
        self.runtime = runtime or Runtime()
        self.principal = principal
        self.runs = Runs(self.runtime, principal)
        self.bulk = Bulk(self.runs)
        self.workflows = WorkflowDesk(self.runs, principal)
        self.reports = Reports(self.runtime, principal)
        self.evidence = EvidenceDesk(self.runs, self.reports)
        self.verifications = Verifications(self.runtime, self.reports)
        self.keys = KeyDesk(self.runtime, principal)
        self.schedules = ScheduleDesk(self.runtime, principal)
        self.webhooks = WebhookDesk(self.runtime, principal)
        self.dead_letters = DeadLetterDesk(self.runtime)
        self.operations = OperationsDesk(self.runtime)
        self.topology = TopologyDesk(self.runtime)
        self.usage = UsageDesk(self.runtime, principal)
        self.artifacts = Artifacts(self.runs, self.reports)
        self.health = HealthChecks(self.runtime)

    def acting_for(self, principal: Principal) -> Service:
        """The same for another caller; only this one is to be closed."""
        other = Service(self.runtime, principal)
        other.__dict__["feed"] = self.feed
        return other

    @cached_property
    def feed(self) -> Feed:
        """The live feed of this process."""
        return Feed(self.runtime.database.events)

    def agents(self) -> list[AgentView]:
        """Every installed agent, by name."""
        return [self.agent(name) for name in sorted(self.runtime.registry)]

    def agent(self, name: str) -> AgentView:
        """One agent. Raises NotFound."""
        agent = self.runtime.registry.get(name)
        if agent is None:
            raise NotFound(f"there is no agent {name!r}")
        return AgentView(
            name=agent.name,
            queue=agent.queue,
            description=agent.description,
            timeout_seconds=agent.timeout,
            input_schema=agent.input.model_json_schema(),
            output_schema=agent.output.model_json_schema(mode="serialization"),
        )

    def census(self) -> Census:
        """What is open just now. Raises Unavailable when the database does not answer."""
        return census.take(self.runtime)

    def upgrade(self) -> str | None:
        """Bring the database's tables to this version; the version that they are at."""
        self.runtime.database.upgrade()
        return self.runtime.database.version()

    def close(self) -> None:
        """Close every connection."""
        self.runtime.close()
