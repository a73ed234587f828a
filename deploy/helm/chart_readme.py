"""The chart's README, of its values and the comments above them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

CHART = Path(__file__).parent / "synapse"
_HEAD = """<!-- Made by scripts/generate-deploy from values.yaml; change that. -->

# The chart synapse

{description}. How to install, upgrade and size it is in docs/howto/kubernetes.md of the project.

```sh
helm install synapse . --namespace synapse --values your-values.yaml
helm test synapse --namespace synapse
```

Kubernetes {kubernetes}; KEDA for scaling by queues, unless `keda.enabled` is false. `values.schema.json` refuses a value that is not in
this table; agents inherit from `agentDefaults`. `ci/` has whole examples.

| value | default | meaning |
| --- | --- | --- |
"""


def text() -> str:
    """The whole page."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    head = _HEAD.format(description=chart["description"], kubernetes=chart["kubeVersion"].replace("-0", "").replace(">=", "≥ "))
    return head + "".join(
        f"| `{path}` | {default} | {meaning} |\n" for path, default, meaning in rows((CHART / "values.yaml").read_text("utf-8"))
    )


def rows(values: str) -> Iterator[tuple[str, str, str]]:
    """Path, default and meaning of every value that is commented, or that has no values of its own."""
    yield from _rows(yaml.compose(values, yaml.SafeLoader), (), values.splitlines())


def _rows(node: yaml.Node, path: tuple[str, ...], lines: list[str]) -> Iterator[tuple[str, str, str]]:
    for key, value in node.value:
        here = (*path, key.value)
        meaning = _comment(lines, key.start_mark.line, key.start_mark.column)
        inner = isinstance(value, yaml.MappingNode) and not value.flow_style
        if meaning or not inner:
            yield ".".join(here), "" if inner else f"`{_default(value)}`", meaning
        if inner:
            yield from _rows(value, here, lines)


def _default(node: yaml.Node) -> str:
    value = yaml.SafeLoader("").construct_document(node)
    return json.dumps(value, ensure_ascii=False).replace("|", "\\|")


def _comment(lines: list[str], number: int, column: int) -> str:
    """The comment right above a line, as one line; the file's own, which an empty line ends, is none."""
    found: list[str] = []
    while number > 0 and lines[number - 1].startswith(" " * column + "# "):
        number -= 1
        found.insert(0, lines[number].strip("# "))
    return " ".join(found).replace("|", "\\|").replace("<", "&lt;")
