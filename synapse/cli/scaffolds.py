"""The files of an agent and of a workflow to begin with. They run as they are."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final

_PROJECT: Final = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "synapse-agent-$dashed"
version = "0.1.0"
dependencies = ["synapse-research"]

[project.entry-points."synapse.agents"]
$name = "${name}_agent"

[tool.setuptools]
py-modules = ["${name}_agent"]
"""

_AGENT: Final = '''\
"""The agent $name."""

from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry
from synapse.errors import Permanent


class Input(BaseModel):
    """What the agent works on: here, a text."""

    text: str
    most: int = Field(default=20, ge=1, le=1000, description="Words that are kept at most.")


class Output(BaseModel):
    """What it makes of it: here, how the text begins."""

    text: str
    words: int = Field(description="How many the whole text has.")


@agent("$name", retry=Retry(attempts=3, delay=0.5), timeout=30)
async def work(task: Input, tools: Toolbox) -> Output:
    """Keep how a text begins."""
    words = task.text.split()
    if not words:
        raise Permanent("there is no word in the text")
    await tools.progress(1, 1, f"{len(words)} words")
    return Output(text=" ".join(words[: task.most]), words=len(words))
'''

_TEST: Final = """\
import asyncio
from pathlib import Path

import pytest
from ${name}_agent import Input, Output, work

from synapse.engine.registry import Registry
from synapse.errors import Permanent
from synapse.tools.memory import MemoryToolbox
from synapse.workflows.compile import compile_workflow
from synapse.workflows.definition import parse


def test_the_beginning_of_a_text_is_kept() -> None:
    made = asyncio.run(work.function(Input(text="one two three", most=2), MemoryToolbox()))
    assert made == Output(text="one two", words=3)


def test_a_text_without_words_is_refused() -> None:
    with pytest.raises(Permanent):
        asyncio.run(work.function(Input(text=" "), MemoryToolbox()))


def test_the_workflow_fits_the_agent() -> None:
    text = Path(__file__).with_name("workflows").joinpath("$dashed.yaml").read_text("utf-8")
    compile_workflow(parse(text), Registry({work.name: work}))
"""

_AGENT_WORKFLOW: Final = """\
name: $dashed
description: What the agent $name makes of some texts.
input:
  type: object
  required: [texts]
  additionalProperties: false
  properties:
    texts: {type: array, items: {type: string}}
do:
  foreach: texts
  items: input.texts
  as: text
  do:
    step: work
    agent: $name
    with: {text: text, most: 10}
    on_error: skip
"""

_README: Final = """\
# The agent $name

```sh
pip install -e .
python -m pytest
export SYNAPSE_WORKFLOWS_DIR=$$PWD/workflows
synapse up
```

In another shell:

```sh
synapse runs start $dashed --input '{"texts": ["to be or not to be"]}'
```

Over RabbitMQ a worker of its own serves it: `celery -A synapse worker -Q synapse-$dashed`, the package installed there and for the API.
"""

_WORKFLOW: Final = """\
# A string is an expression (JMESPath) over the run's input, the steps before and prev, the value just before; 'text' in quotes is a text.
name: $name
description: The pages worth reading about a question.
input:
  type: object
  required: [question]
  additionalProperties: false
  properties:
    question: {type: string, minLength: 3}
    corpus: {type: [string, "null"], default: null, description: Search only this local corpus.}
do:
  chain:
    - step: plan
      agent: orchestrator
      with: {question: input.question, max_subquestions: 3}
    # One search for each part, all at once; one that fails is left out.
    - foreach: searches
      items: prev.subquestions
      as: part
      do:
        step: find
        agent: search
        with: {subquestion: part, corpus: input.corpus, limit: 5}
        on_error: skip
    - step: rank
      agent: search.rank
      with: {found: steps.searches, limit: 5}
"""


def agent(name: str) -> dict[Path, str]:
    """The files of a package with an agent of that name, by their paths below its folder."""
    dashed = name.replace("_", "-")
    files = {
        "pyproject.toml": _PROJECT,
        f"{name}_agent.py": _AGENT,
        f"test_{name}_agent.py": _TEST,
        f"workflows/{dashed}.yaml": _AGENT_WORKFLOW,
        "README.md": _README,
    }
    return {Path(path): Template(text).substitute(name=name, dashed=dashed) for path, text in files.items()}


def workflow(name: str) -> dict[Path, str]:
    """The file of a workflow of that name."""
    return {Path(f"{name}.yaml"): Template(_WORKFLOW).substitute(name=name)}
