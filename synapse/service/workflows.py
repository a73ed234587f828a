"""Workflows: looked at, checked, compared, and made by who may."""

from __future__ import annotations

from typing import Any

from synapse.contracts.catalogue import Validation, VersionList, VersionView, WorkflowDiff, WorkflowFault, WorkflowView
from synapse.contracts.principal import Principal
from synapse.contracts.workflow import Workflow
from synapse.errors import Conflict, InvalidWorkflow
from synapse.service.catalog import Catalog, Entry
from synapse.service.runs import Runs
from synapse.state.published import Shelf
from synapse.workflows import difference
from synapse.workflows.compile import compile_workflow, faults
from synapse.workflows.definition import from_data, load, read, to_data
from synapse.workflows.program import digest_of

_MOST_FAULTS = 50


class WorkflowDesk:
    """What the caller may do about workflows. Blocks on the database and the operator's folder."""

    def __init__(self, runs: Runs, principal: Principal) -> None:
        self.runs = runs
        self.runtime = runs.runtime
        self.principal = principal

    @property
    def catalog(self) -> Catalog:
        """The workflows that the tenant may run."""
        return self.runs.catalog

    @property
    def _shelf(self) -> Shelf:
        return self.runtime.database.shelf(self.principal.tenant)

    def list(self) -> list[WorkflowView]:
        """Every workflow that runs can be started of, by name; each in its newest version."""
        return [self.get(name) for name in self.catalog.names()]

    def get(self, name: str, version: int | None = None) -> WorkflowView:
        """One workflow, by default its newest version. Raises NotFound."""
        return _view(self.catalog.find(name if version is None else f"{name}@{version}"))

    def versions(self, name: str) -> VersionList:
        """Every version there is of it. Raises NotFound."""
        entry = self.catalog.find(name)
        own = self._shelf.versions(name)
        if not own:
            only = VersionView(version=entry.workflow.version, digest=digest_of(entry.workflow))
            return VersionList(name=name, source=entry.source, versions=(only,))
        views = (VersionView(version=number, digest=digest, created_at=at, created_by=by) for number, digest, at, by in own)
        return VersionList(name=name, source=entry.source, versions=tuple(views))

    def diff(self, name: str, before: int, after: int) -> WorkflowDiff:
        """How one version differs from another. Raises NotFound."""
        old, new = (self.catalog.find(f"{name}@{version}").workflow for version in (before, after))
        return WorkflowDiff(name=name, before=before, after=after, changes=difference.changes(old, new), text=difference.text(old, new))

    def validate(self, written: str | dict[str, Any]) -> Validation:
        """Whether a definition, written in YAML or given as data, could be run here, and otherwise why not."""
        try:
            found = read(load(written) if isinstance(written, str) else written)
        except InvalidWorkflow as error:
            found = [error]
        workflow = found if isinstance(found, Workflow) else None
        wrong = faults(workflow, self.runtime.registry) if workflow is not None else found
        assert isinstance(wrong, list)  # noqa: S101 - one or the other
        return Validation(
            valid=not wrong,
            name=workflow.name if workflow is not None else None,
            digest=digest_of(workflow) if workflow is not None else None,
            definition=to_data(workflow) if workflow is not None else None,
            faults=tuple(WorkflowFault(path=each.field or "", detail=each.detail, remedy=each.remedy) for each in wrong[:_MOST_FAULTS]),
        )

    def create(self, written: str | dict[str, Any]) -> tuple[WorkflowView, bool]:
        """The definition as a version of the tenant's workflow, and whether it is new.

        A definition that names no version gets the next number. Raises InvalidWorkflow with the path of the first fault, Conflict for a
        name that is the operator's and for a version that is there and is another one.
        """
        data = load(written) if isinstance(written, str) else written
        workflow = from_data(data)
        compile_workflow(workflow, self.runtime.registry)
        if self._shelf.get(workflow.name) is None and self.catalog.operators(workflow.name) is not None:
            raise Conflict(f"the workflow {workflow.name!r} is the operator's", field="name", remedy="take another name")
        kept, created = self._shelf.add(workflow, numbered="version" in data, by=self.principal.name)
        return self.get(kept.workflow.name, kept.workflow.version), created


def _view(entry: Entry) -> WorkflowView:
    found = entry.workflow
    return WorkflowView(
        name=found.name,
        version=found.version,
        digest=digest_of(found),
        source=entry.source,
        created_at=entry.created_at,
        created_by=entry.created_by,
        description=found.description,
        input=found.input,
        definition=to_data(found),
    )
