"""Definitions as text: YAML or JSON in, YAML out, and the ones that ship with Synapse."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import ValidationError

from synapse.contracts.workflow import Workflow
from synapse.errors import InvalidWorkflow

_MAX_TEXT = 1_000_000
_BREAKS = re.compile("[\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_NESTING = 100  # of lists and objects; a level of the tree is two of them


def parse(text: str) -> Workflow:
    """The workflow written in YAML or JSON. Raises InvalidWorkflow with the path of the first fault."""
    return from_data(load(text))


def load(text: str) -> Any:
    """The plain data written in YAML or JSON. Raises InvalidWorkflow for what is neither."""
    if len(text) > _MAX_TEXT:
        raise InvalidWorkflow(f"the definition has {len(text)} characters", remedy=f"at most {_MAX_TEXT} are read")
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader, made stricter
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidWorkflow(f"not YAML or JSON: {error}") from error


def from_data(data: Any) -> Workflow:
    """The workflow of plain data. Raises InvalidWorkflow with the path of the first fault."""
    found = read(data)
    if isinstance(found, Workflow):
        return found
    raise found[0]


def read(data: Any) -> Workflow | list[InvalidWorkflow]:
    """The workflow of plain data, or every fault of its form."""
    try:
        _check_plain(data)
        return Workflow.model_validate(data)
    except InvalidWorkflow as error:
        return [error]
    except ValidationError as error:
        found = error.errors(include_url=False)
        # A list whose members are at fault is said to be too short, too: it counts those that are not.
        inner = {each["loc"][:depth] for each in found for depth in range(len(each["loc"]))}
        return [
            InvalidWorkflow(each["msg"].removeprefix("Value error, "), field=_dotted(each["loc"]))
            for each in found
            if each["loc"] not in inner
        ]


def _check_plain(data: Any) -> None:
    """Refuse what cannot be kept as JSON, and nesting that every later recursion would pay for."""
    left: list[tuple[Any, int, str]] = [(data, 0, "")]
    while left:
        value, depth, at = left.pop()
        if depth > _MAX_NESTING:
            raise InvalidWorkflow("the tree is nested too deeply", field="do", remedy=f"at most {_MAX_NESTING} lists and objects")
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidWorkflow(f"{value} is no JSON value", field=at)
        if isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
            raise InvalidWorkflow(f"{value[:40]!r} is no Unicode text", field=at)
        if isinstance(value, dict):
            left += [(each, depth + 1, f"{at}.{key}" if at else str(key)) for key, under in value.items() for each in (key, under)]
        elif isinstance(value, (list, tuple)):
            left += [(each, depth + 1, f"{at}[{number}]") for number, each in enumerate(value)]


def to_data(workflow: Workflow) -> dict[str, Any]:
    """Plain data that `from_data` turns into the same workflow; defaults are left out."""
    return workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def to_yaml(workflow: Workflow) -> str:
    """The workflow as YAML that `parse` turns into the same workflow."""
    data = to_data(workflow)
    # The emitter writes Unicode's own line breaks as they are, and the reader makes a new line of each.
    plain = not _BREAKS.search(json.dumps(data, ensure_ascii=False))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=plain, width=120)


@cache
def builtin(name: str) -> Workflow | None:
    """The workflow of that name that ships with Synapse."""
    file = resources.files("synapse.workflows").joinpath(f"{name}.yaml")
    return parse(file.read_text("utf-8")) if name.replace("-", "").isalnum() and file.is_file() else None


def builtins() -> list[str]:
    """The names of the workflows that ship with Synapse."""
    return sorted(file.name.removesuffix(".yaml") for file in resources.files("synapse.workflows").iterdir() if file.name.endswith(".yaml"))


class _StrictLoader(yaml.SafeLoader):
    """Aliases make a small text into a huge tree; a definition has no need of them. Of two equal keys one would be lost."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse `*alias`; everything else as SafeLoader does."""
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # left out of types-pyyaml
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice; everything else as SafeLoader does."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} is there twice", key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


# YAML 1.1 reads the key `on` of a retry as true; as in YAML 1.2 and JSON, only true and false are.
_BOOLEAN = "tag:yaml.org,2002:bool"
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))

_TAGS = {"step", "timer", "wait_for", "approval", "chain", "group", "chord", "foreach", "when"}
_NODE_FIELDS = {"do", "then", "otherwise", "body", "chord"}


def _dotted(loc: tuple[int | str, ...]) -> str:
    """``('do', 'chain', 'chain', 0, 'step', 'agent')`` as ``do.chain[0].agent``: pydantic repeats the union's tag."""
    text, tag_next = "", False
    for part in loc:
        if isinstance(part, int):
            text, tag_next = f"{text}[{part}]", True
        elif tag_next and part in _TAGS:
            tag_next = False
        else:
            text, tag_next = f"{text}.{part}" if text else part, part in _NODE_FIELDS
    return text
