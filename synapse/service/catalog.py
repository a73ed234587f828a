"""The workflows that can be run: the ones that ship with Synapse, and files in the operator's folder."""

from __future__ import annotations

from pathlib import Path

from synapse.contracts.workflow import Workflow
from synapse.errors import InvalidWorkflow, NotFound
from synapse.workflows.definition import builtin, builtins, parse

_ENDINGS = (".yaml", ".yml", ".json")


class Catalog:
    """Finds workflows by name. A file is read each time, so that an edit counts for the next run; it may replace a built-in one."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The names there are."""
        return sorted({*builtins(), *(file.stem for file in self._files())})

    def get(self, name: str) -> Workflow:
        """The workflow of that name. Raises NotFound, or InvalidWorkflow naming the file and the path of the fault."""
        file = next((file for file in self._files() if file.stem == name), None)
        if file is not None:
            return _read(file)
        workflow = builtin(name)
        if workflow is None:
            raise NotFound(f"there is no workflow {name!r}", field="workflow", remedy=f"known: {', '.join(self.names())}")
        return workflow

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
