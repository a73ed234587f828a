"""A workflow written in Python as a Celery canvas, taken apart into the same tree as one written in YAML, and back.

    from synapse.engine.canvas import agent_signatures, foreach, ref, to_workflow

    a = agent_signatures(app)
    plan = a.orchestrator.s(question=ref("input.question"))
    flow = chain(plan, foreach("found", ref("prev.subquestions"), a.search.s(subquestion=ref("item"))))
    workflow = to_workflow("mine", flow, app.runtime.registry)

Celery's own rule holds: in a chain ``.s(…)`` takes what came before as its first argument, ``.si(…)`` does not; positional
arguments fill the fields of the agent's input model in the order they are declared. The canvas is a language here: it is
never sent as it is, for stock execution can lose work between two of its writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from celery import Celery, chain, chord, group, signature
from celery.canvas import Signature

from synapse.contracts.agent import Agent
from synapse.contracts.workflow import Approval, Chain, Chord, Foreach, Group, Node, Step, Timer, WaitFor, When, Workflow, kind_of
from synapse.errors import InvalidWorkflow
from synapse.workflows.definition import from_data

_FOREACH, _WHEN = "synapse:foreach", "synapse:when"
_OPTION = "synapse"
_REF = "synapse:ref"  # not "$ref": a JSON Schema given as a literal has that


def ref(expression: str) -> dict[str, str]:
    """An argument that is an expression, not a value: ``ref("steps.plan.questions")``."""
    return {_REF: expression}


def options(
    step: str | None = None, *, on_error: str | None = None, retry: Mapping[str, Any] | None = None, timeout: float | None = None
) -> dict[str, Any]:
    """Options of a step, for ``signature.set(**options("read", on_error="skip"))``."""
    given = {"step": step, "on_error": on_error, "retry": dict(retry) if retry is not None else None, "timeout": timeout}
    return {_OPTION: {name: value for name, value in given.items() if value is not None}}


def foreach(name: str, items: Mapping[str, str], do: Signature, **more: Any) -> Signature:
    """The node ``do`` for every item of a list known at run time; ``more`` are `Foreach`'s other fields (``as_``, ``max``, …)."""
    fields = {("as" if key == "as_" else key): value for key, value in more.items()}
    return Signature(_FOREACH, kwargs={"foreach": name, "items": items[_REF], "do": do, **fields}, immutable=True)


def when(condition: Mapping[str, str], then: Signature, otherwise: Signature | None = None) -> Signature:
    """The node ``then`` if the expression holds, else ``otherwise``."""
    return Signature(_WHEN, kwargs={"when": condition[_REF], "then": then, "otherwise": otherwise}, immutable=True)


def timer(name: str, *, seconds: float | Mapping[str, str] | None = None, until: str | Mapping[str, str] | None = None) -> Signature:
    """Waits for a time, without a worker: so many seconds, or until a moment. Give an expression as ``ref(…)``."""
    return _wait("timer", name, {"seconds": seconds, "until": until})


def wait_for(name: str, **more: Any) -> Signature:
    """Waits for a signal, without a worker; ``more`` are `WaitFor`'s other fields. Give an expression as ``ref(…)``."""
    return _wait("wait_for", name, more)


def approval(name: str, **more: Any) -> Signature:
    """Waits until somebody approves or rejects; ``more`` are `Approval`'s other fields. Give an expression as ``ref(…)``."""
    return _wait("approval", name, more)


_PLAIN = {"signal", "on_timeout", "on_reject", "payload"}


def _wait(kind: str, name: str, fields: Mapping[str, Any]) -> Signature:
    # What is text in a definition is an expression, but for a few names: text given here is meant as it is.
    given = {field: value if field in _PLAIN else _written(value) for field, value in fields.items() if value is not None}
    return Signature(f"synapse:{kind}", kwargs={kind: name, **given}, immutable=True)


class AgentSignatures:
    """Agents by attribute: ``a.search.s(…)``, ``a["search.rank"].s(…)``."""

    def __init__(self, app: Celery, agents: Mapping[str, Agent]) -> None:
        self.app = app
        self._agents = agents

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __getitem__(self, name: str) -> Any:
        if name not in self._agents:
            raise AttributeError(f"there is no agent {name!r}; known: {', '.join(sorted(self._agents))}")
        return self.app.tasks[self._agents[name].task]


def agent_signatures(app: Any) -> AgentSignatures:
    """The signatures of an application's agents."""
    return AgentSignatures(app, app.runtime.registry)


def to_workflow(name: str, canvas: Signature, agents: Mapping[str, Agent], **fields: Any) -> Workflow:
    """The workflow that a canvas describes; ``fields`` are `Workflow`'s others (version, description, input).

    Raises InvalidWorkflow for what has no place in a workflow: another application's task, a callback, unnamed clones.
    """
    taker = _Taker(agents)
    tree = taker.node(canvas, first=True)
    taker.name_the_rest()
    return from_data({"name": name, **fields, "do": tree})


class _Taker:
    """Takes a canvas apart. Steps without a name are called after their agent, numbered where that is taken."""

    def __init__(self, agents: Mapping[str, Agent]) -> None:
        self.by_task = {agent.task: agent for agent in agents.values()}
        self.names: set[str] = set()
        self.unnamed: list[dict[str, Any]] = []

    def node(self, found: Any, *, first: bool) -> dict[str, Any]:
        """The definition of a signature; ``first``: nothing came before it."""
        found = found if isinstance(found, Signature) else signature(found)
        if found.options.get("link") or found.options.get("link_error"):
            raise InvalidWorkflow("callbacks have no place in a workflow", field=str(found.task), remedy="use a chain, or on_error")
        match found.task:
            case "celery.chain":
                return self._chain(found, first)
            case "celery.group":
                return {"group": [self.node(each, first=first) for each in found.tasks], **self._id(found)}
            case "celery.chord":
                return self._chord(found, first)
            case "synapse:foreach":
                fields = dict(found.kwargs)
                self.names.add(fields["foreach"])
                return {**fields, "do": self.node(fields["do"], first=first)}
            case "synapse:when":
                return self._when(found, first)
            case "synapse:timer" | "synapse:wait_for" | "synapse:approval":
                self.names.add(found.kwargs[found.task.removeprefix("synapse:")])
                return self._waiting(found)
        return self._step(found, first)

    def _chain(self, found: Any, first: bool) -> dict[str, Any]:
        return {"chain": [self.node(each, first=first and i == 0) for i, each in enumerate(found.tasks)]}

    def _chord(self, found: Any, first: bool) -> dict[str, Any]:
        header = found.tasks
        tasks = list(getattr(header, "tasks", header))
        is_group = found.options.get(_OPTION, {}).get("header") == "group"
        if len(tasks) == 1 and tasks[0].task == _FOREACH and not is_group:
            over = self.node(tasks[0], first=first)
        else:
            over = {"group": [self.node(each, first=first) for each in tasks], **self._id(found)}
        return {"chord": over, "body": self.node(found.body, first=False)}

    def _when(self, found: Any, first: bool) -> dict[str, Any]:
        made = {"when": found.kwargs["when"], "then": self.node(found.kwargs["then"], first=first)}
        if found.kwargs.get("otherwise") is not None:
            made["otherwise"] = self.node(found.kwargs["otherwise"], first=first)
        return made

    @staticmethod
    def _waiting(found: Any) -> dict[str, Any]:
        if found.args:
            raise InvalidWorkflow("what waits takes no arguments but its own", field=str(found.task), remedy="refer to steps.<id> in them")
        return dict(found.kwargs)

    def _id(self, found: Any) -> dict[str, Any]:
        name = found.options.get(_OPTION, {}).get("step")
        if not name:
            return {}
        self.names.add(name)
        return {"id": name}

    def _step(self, found: Any, first: bool) -> dict[str, Any]:
        agent = self.by_task.get(found.task)
        if agent is None:
            raise InvalidWorkflow(f"{found.task!r} is no agent's task", field="do", remedy=f"known: {', '.join(sorted(self.by_task))}")
        given = dict(found.options.get(_OPTION, {}))
        made = {"step": given.pop("step", None), "agent": agent.name, **given}
        if made["step"] is None:
            self.unnamed.append(made)
        else:
            self.names.add(made["step"])
        inputs = self._inputs(found, agent, takes_previous=not found.immutable and not first)
        if inputs:
            made["with"] = inputs
        return made

    def name_the_rest(self) -> None:
        """Name the steps that nobody named, once all the names that were given are known."""
        for step in self.unnamed:
            base = step["agent"].replace(".", "_")
            name, number = base, 2
            while name in self.names:
                name, number = f"{base}_{number}", number + 1
            self.names.add(name)
            step["step"] = name

    @staticmethod
    def _inputs(found: Any, agent: Agent, *, takes_previous: bool) -> dict[str, Any]:
        fields = [info.alias or name for name, info in agent.input.model_fields.items()]
        values: list[Any] = [ref("prev")] if takes_previous and not (set(fields[:1]) & set(found.kwargs)) else []
        values += found.args
        if len(values) > len(fields):
            raise InvalidWorkflow(f"agent {agent.name!r} takes {len(fields)} arguments, not {len(values)}", field="do")
        named = dict(zip(fields, values, strict=False))
        if twice := set(named) & set(found.kwargs):
            raise InvalidWorkflow(f"agent {agent.name!r} is given {sorted(twice)[0]!r} twice", field="do")
        return {name: _written(value) for name, value in {**named, **found.kwargs}.items()}


def _written(value: Any) -> Any:
    """An argument as a definition has it: an expression as it is, a literal string the JMESPath way."""
    if isinstance(value, dict) and set(value) == {_REF}:
        return value[_REF]
    if isinstance(value, str):
        return "`" + _quoted(value) + "`"
    return value


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("`", "\\u0060")


def to_canvas(workflow: Workflow, app: Any) -> Signature:
    """The workflow as a canvas of the application's agents; `to_workflow` gives the same tree again."""
    return _canvas(workflow.do, agent_signatures(app))


def _canvas(node: Node, agents: AgentSignatures) -> Signature:
    match node:
        case Step():
            step: Signature = agents[node.agent].si(
                **{name: ref(value) if isinstance(value, str) else value for name, value in node.inputs.items()}
            )
            given = node.model_dump(mode="json", exclude_defaults=True, exclude={"agent", "inputs"})
            return step.set(**{_OPTION: given})
        case Timer() | WaitFor() | Approval():
            kind = str(kind_of(node))
            fields = node.model_dump(mode="json", exclude_defaults=True)
            return Signature(f"synapse:{kind}", kwargs=fields, immutable=True)
        case Chain():
            # Given an application, Celery keeps the chain as it is; else it would fold a group and what follows into a chord.
            return chain([_canvas(each, agents) for each in node.chain], app=agents.app)
        case Group():
            members = group([_canvas(each, agents) for each in node.group])
            return members.set(**{_OPTION: {"step": node.id}}) if node.id else members
        case Chord():
            over = _canvas(node.chord, agents)
            # A chord keeps its header's tasks only, so the group's name travels with the chord.
            said = {"header": "group" if isinstance(node.chord, Group) else "foreach", "step": getattr(node.chord, "id", None)}
            return chord([over] if isinstance(node.chord, Foreach) else over, _canvas(node.body, agents)).set(**{_OPTION: said})
        case Foreach():
            fields = node.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"foreach", "items", "do"})
            return foreach(node.foreach, ref(node.items), _canvas(node.do, agents), **fields)
        case When():
            return when(ref(node.when), _canvas(node.then, agents), _canvas(node.otherwise, agents) if node.otherwise else None)
    raise InvalidWorkflow(f"unknown node {type(node).__name__}")
