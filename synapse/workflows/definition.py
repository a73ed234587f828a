"""Definitions as text: YAML or JSON in, YAML out, and the ones that ship with Synapse."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml
from pydantic import ValidationError

from synapse.contracts.workflow import Workflow
from synapse.errors import InvalidWorkflow

_MAX_TEXT = 1_000_000


def parse(text: str) -> Workflow:
    """The workflow written in YAML or JSON. Raises InvalidWorkflow with the path of the first fault."""
    if len(text) > _MAX_TEXT:
        raise InvalidWorkflow(f"the definition has {len(text)} characters", remedy=f"at most {_MAX_TEXT} are read")
    try:
        data = yaml.load(text, Loader=_NoAliases)  # noqa: S506 - a SafeLoader, made stricter
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidWorkflow(f"not YAML or JSON: {error}") from error
    return from_data(data)


def from_data(data: Any) -> Workflow:
    """The workflow of plain data. Raises InvalidWorkflow with the path of the first fault."""
    try:
        return Workflow.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidWorkflow(first["msg"], field=_dotted(first["loc"])) from error
    except RecursionError as error:
        raise InvalidWorkflow("the tree is nested too deeply", field="do") from error


def to_data(workflow: Workflow) -> dict[str, Any]:
    """Plain data that `from_data` turns into the same workflow; defaults are left out."""
    return workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def to_yaml(workflow: Workflow) -> str:
    """The workflow as YAML that `parse` turns into the same workflow."""
    return yaml.safe_dump(to_data(workflow), sort_keys=False, allow_unicode=True, width=120)


def builtin(name: str) -> Workflow | None:
    """The workflow of that name that ships with Synapse."""
    file = resources.files("synapse.workflows").joinpath(f"{name}.yaml")
    return parse(file.read_text("utf-8")) if name.replace("-", "").isalnum() and file.is_file() else None


def builtins() -> list[str]:
    """The names of the workflows that ship with Synapse."""
    return sorted(file.name.removesuffix(".yaml") for file in resources.files("synapse.workflows").iterdir() if file.name.endswith(".yaml"))


class _NoAliases(yaml.SafeLoader):
    """Aliases make a small text into a huge tree; a definition has no need of them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse `*alias`; everything else as SafeLoader does."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", self.peek_event().start_mark)
        return super().compose_node(parent, index)


_TAGS = {"step", "chain", "group", "chord", "foreach", "when"}


def _dotted(loc: tuple[int | str, ...]) -> str:
    """``('do', 'chain', 'chain', 0, 'step', 'agent')`` as ``do.chain[0].agent``: pydantic repeats the union's tag."""
    text, skip_tag = "", False
    for i, part in enumerate(loc):
        if isinstance(part, int):
            text += f"[{part}]"
            skip_tag = True
        elif part in _TAGS and (skip_tag or (i > 0 and loc[i - 1] in ("do", "then", "otherwise", "body", "chord"))):
            skip_tag = False
        else:
            text += f".{part}" if text else str(part)
            skip_tag = False
    return text
