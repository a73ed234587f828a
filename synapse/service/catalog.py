"""The workflows that can be run: those that ship with Synapse, files in the operator's folder, and those the tenant made by the API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from synapse.contracts.catalogue import Source
from synapse.contracts.workflow import Workflow
from synapse.errors import InvalidWorkflow, NotFound
from synapse.state.published import Shelf
from synapse.workflows.definition import builtin, builtins, parse

_ENDINGS: Final = (".yaml", ".yml", ".json")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_REFERENCE: Final = re.compile(r"([^@]*)@([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class Entry:
    """A workflow, where it comes from, and of a tenant's own one when and by whom it was made."""

    workflow: Workflow
    source: Source
    created_at: datetime | None = None
    created_by: str | None = None


class Catalog:
    """Finds workflows by name. A file is read each time, so that an edit counts for the next run; it may replace a built-in one.

    A tenant's own comes first: it could be made only while nothing of the operator's had its name, and what ships with a later
    Synapse must not take its place.
    """

    def __init__(self, folder: Path | None, shelf: Shelf | None = None) -> None:
        self.folder = folder
        self.shelf = shelf

    def names(self) -> list[str]:
        """The names there are."""
        return sorted({*builtins(), *(file.stem for file in self._files()), *(self.shelf.names() if self.shelf else ())})

    def get(self, reference: str) -> Workflow:
        """The workflow of that name, or of ``name@version``. Raises as `find`."""
        return self.find(reference).workflow

    def find(self, reference: str) -> Entry:
        """The same with where it comes from. Raises NotFound, or InvalidWorkflow naming the file and the path of the fault."""
        match = _REFERENCE.fullmatch(reference)
        name, version = (match[1], int(match[2])) if match else (reference, None)
        if not _NAME.fullmatch(name):
            # What can be no name is not looked for: a database need not see it.
            raise self._unknown(reference)
        if self.shelf is not None and (kept := self.shelf.get(name, version)) is not None:
            return Entry(kept.workflow, Source.TENANT, kept.created_at, kept.created_by)
        entry = self.operators(name)
        if entry is None or (self.shelf is not None and version is not None and self.shelf.get(name) is not None):
            raise self._unknown(reference)
        if version not in (None, entry.workflow.version):
            remedy = f"it is version {entry.workflow.version}; of a file only that one is there"
            raise NotFound(f"there is no workflow {reference!r}", field="workflow", remedy=remedy)
        return entry

    def _unknown(self, reference: str) -> NotFound:
        return NotFound(f"there is no workflow {reference[:80]!r}", field="workflow", remedy=f"known: {', '.join(self.names())}")

    def operators(self, name: str) -> Entry | None:
        """The operator's workflow of that name, if there is one. Raises InvalidWorkflow."""
        file = next((file for file in self._files() if file.stem == name), None)
        if file is not None:
            return Entry(_read(file), Source.FILE)
        workflow = builtin(name)
        return Entry(workflow, Source.BUILTIN) if workflow is not None else None

    def _files(self) -> list[Path]:
        if self.folder is None:
            return []
        return sorted(file for file in self.folder.glob("*") if file.suffix in _ENDINGS and file.is_file())


def _read(file: Path) -> Workflow:
    try:
        workflow = parse(file.read_text("utf-8"))
    except InvalidWorkflow as error:
        raise InvalidWorkflow(error.detail, field=f"{file.name}: {error.field or 'the whole'}", remedy=error.remedy) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidWorkflow(f"cannot be read: {error}", field=file.name) from error
    if workflow.name != file.stem:
        raise InvalidWorkflow(f"is named {workflow.name!r}", field=file.name, remedy="give file and workflow the same name")
    return workflow
