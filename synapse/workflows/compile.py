"""A definition checked against the agents there are: every fault named by its path, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaMode

from synapse.contracts.agent import Agent
from synapse.contracts.workflow import WaitFor, Workflow
from synapse.errors import InvalidPayload, InvalidWorkflow
from synapse.workflows import schemas
from synapse.workflows.expressions import Path, parse, plain_path, references
from synapse.workflows.program import Node, Program, build
from synapse.workflows.validation import check_schema, check_value
from synapse.workflows.values import expressions_of, previous, wait_expressions
from synapse.workflows.waits import moment, output_schema, payload_schema

MAX_NODES = 500
MAX_DEPTH = 4
_ROOTS = ("input", "steps", "skipped", "prev", "index")
_WAIT_TYPES = {"seconds": "number", "timeout": "number", "until": "string", "ask": "string"}


def compile_workflow(workflow: Workflow, agents: Mapping[str, Agent]) -> Program:
    """The program of a definition. Raises InvalidWorkflow with the path of the first fault."""
    program = build(workflow)
    for fault in _faults(program, agents):
        raise fault
    return program


def faults(workflow: Workflow, agents: Mapping[str, Agent]) -> list[InvalidWorkflow]:
    """Everything that `compile_workflow` could say, of each node the first."""
    try:
        return list(_faults(build(workflow), agents))
    except InvalidWorkflow as error:
        return [error]


def _faults(program: Program, agents: Mapping[str, Agent]) -> Iterator[InvalidWorkflow]:
    if len(program.nodes) > MAX_NODES:
        yield InvalidWorkflow(f"{len(program.nodes)} nodes", field="do", remedy=f"at most {MAX_NODES}; a foreach repeats one node")
        return
    try:
        check_schema(program.workflow.input, "input")
    except InvalidWorkflow as error:
        yield error
        return
    for node in program.nodes.values():
        try:
            _Checker(program, agents, node).check()
        except InvalidWorkflow as error:
            yield error


def checked_input(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """The run's input with the schema's top-level defaults filled in. Raises InvalidInput naming the field."""
    properties = workflow.input.get("properties")
    defaults = {
        name: schema["default"]
        for name, schema in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(schema, dict) and "default" in schema
    }
    filled: dict[str, Any] = {**defaults, **given}
    check_value(workflow.input, filled, "input")
    return filled


def check_payload(node: Node, payload: Any) -> None:
    """Raise InvalidPayload, naming the field, when it is none that the node waits for."""
    check_value(payload_schema(node) or {}, payload, "payload", InvalidPayload)


@dataclass(frozen=True)
class _Checker:
    program: Program
    agents: Mapping[str, Agent]
    node: Node

    def check(self) -> None:
        if self.node.depth > MAX_DEPTH:
            raise InvalidWorkflow(f"{self.node.depth} foreachs inside one another", field=self.node.at, remedy=f"at most {MAX_DEPTH}")
        if self.node.kind == "foreach":
            self._check_foreach()
        if self.node.kind == "step":
            self._check_step()
        if self.node.kind == "wait":
            self._check_wait()
        for expression in expressions_of(self.node):
            self._check_expression(expression, self._where(expression))

    def _where(self, expression: str) -> str:
        if self.node.kind == "step":
            name = next(name for name, value in self.node.source.inputs.items() if value == expression)
            return f"{self.node.at}.with.{name}"
        if self.node.kind == "wait":
            name = next(name for name, value in wait_expressions(self.node).items() if value == expression)
            return f"{self.node.at}.{name}"
        return f"{self.node.at}.{'items' if self.node.kind == 'foreach' else 'when'}"

    def _check_foreach(self) -> None:
        source = self.node.source
        if source.as_ in _ROOTS:
            raise InvalidWorkflow(f"{source.as_!r} already means something in expressions", field=f"{self.node.at}.as")
        if any(source.as_ == outer.source.as_ for outer in self.node.enclosing_foreachs()):
            raise InvalidWorkflow(
                f"{source.as_!r} is the outer foreach's item already", field=f"{self.node.at}.as", remedy="name it with 'as'"
            )
        if source.min_success > source.max:
            raise InvalidWorkflow(f"{source.min_success} must succeed of at most {source.max}", field=f"{self.node.at}.min_success")
        found = self._type(source.items, f"{self.node.at}.items")
        if found is not None and "array" not in found:
            raise InvalidWorkflow(f"{source.items!r} is {_list(found)}, not a list", field=f"{self.node.at}.items")

    def _check_step(self) -> None:
        source = self.node.source
        agent = self.agents.get(source.agent)
        if agent is None:
            raise InvalidWorkflow(
                f"there is no agent {source.agent!r}", field=f"{self.node.at}.agent", remedy=f"known: {', '.join(sorted(self.agents))}"
            )
        fields = {(info.alias or name): info for name, info in agent.input.model_fields.items()}
        for name in source.inputs:
            if name not in fields and agent.input.model_config.get("extra") != "allow":
                raise InvalidWorkflow(
                    f"agent {agent.name!r} takes no {name!r}", field=f"{self.node.at}.with.{name}", remedy=f"it takes {', '.join(fields)}"
                )
        for name, info in fields.items():
            if info.is_required() and name not in source.inputs:
                raise InvalidWorkflow(f"agent {agent.name!r} needs {name!r}", field=f"{self.node.at}.with")
        schema = _schema_of(agent.input, "validation")
        for name, value in source.inputs.items():
            if name in fields:
                self._check_value(schema, name, fields[name], value)

    def _check_wait(self) -> None:
        source, written = self.node.source, wait_expressions(self.node)
        for name, wanted in _WAIT_TYPES.items():
            expression = written[name]
            if expression is None:
                continue
            at = f"{self.node.at}.{name}"
            given = self._type(expression, at)
            if given is not None and wanted not in given:
                raise InvalidWorkflow(f"{expression!r} is {_list(given)}; {name} takes a {wanted}", field=at)
            constant, literal = _constant(expression)
            if name == "until" and constant:
                try:
                    moment(literal)
                except ValueError as error:
                    raise InvalidWorkflow(f"{expression!r} is {error}", field=at) from error
        if isinstance(source, WaitFor):
            check_schema(source.payload, f"{self.node.at}.payload")
        if self.node.signal is not None:
            self._check_signal(self.node.signal)

    def _check_signal(self, name: str) -> None:
        """Who sends a signal says no more than its name and the member: all who wait for that name must take the same."""
        first = self.program.waiting_for(name)[0]
        if first is self.node:
            return
        at = f"{self.node.at}.signal"
        if first.enclosing_foreachs() != self.node.enclosing_foreachs():
            raise InvalidWorkflow(
                f"{name!r} is waited for in another foreach by {first.key!r}", field=at, remedy="give it a name of its own"
            )
        if payload_schema(first) != payload_schema(self.node):
            raise InvalidWorkflow(f"{first.key!r} waits for {name!r} with another payload", field=at, remedy="give it a name of its own")

    def _check_value(self, schema: schemas.Schema, name: str, info: Any, value: Any) -> None:
        at = f"{self.node.at}.with.{name}"
        constant, literal = _constant(value)
        if constant:
            wants: Any = info.annotation if not info.metadata else Annotated[(info.annotation, *info.metadata)]
            try:
                TypeAdapter(wants).validate_python(literal)
            except ValidationError as error:
                raise InvalidWorkflow(error.errors(include_url=False)[0]["msg"], field=at) from error
            return
        given = self._type(value, at)
        wanted = schemas.types(schema["properties"][name], schema)
        if given is not None and not given & wanted:
            raise InvalidWorkflow(f"{value!r} is {_list(given)}; agent {self.node.source.agent!r} takes {_list(wanted)}", field=at)

    def _check_expression(self, expression: str, at: str) -> None:
        try:
            paths = references(expression)
        except ValueError as error:
            raise InvalidWorkflow(str(error), field=at, remedy="a string is an expression; a literal one is written \"'text'\"") from error
        for path in paths:
            self._check_path(path, at)

    def _check_path(self, path: Path, at: str) -> None:
        names = {outer.source.as_ for outer in self.node.enclosing_foreachs()}
        if not path or path[0] not in {*_ROOTS, *names}:
            raise InvalidWorkflow(
                f"{'.'.join(path) or '@'!r} refers to nothing", field=at, remedy=f"start with {', '.join([*_ROOTS[:4], *sorted(names)])}"
            )
        if path[0] == "index" and not names:
            raise InvalidWorkflow("'index' has a meaning only inside a foreach", field=at)
        if path[0] in ("steps", "skipped"):
            self._check_reference(path, at)
        self._schema(path, at)

    def _check_reference(self, path: Path, at: str) -> None:
        known = sorted(key for key, node in self.program.nodes.items() if ":" not in key and node.kind != "chain")
        if len(path) < 2 or path[1] not in known:
            raise InvalidWorkflow(f"{'.'.join(path[:2])!r} names no step", field=at, remedy=f"known: {', '.join(known)}")
        target = self.program.nodes[path[1]]
        if path[0] == "skipped" and not target.fans_out:
            raise InvalidWorkflow(f"{path[1]!r} is no foreach or group; only their members are skipped", field=at)
        outer = next((each for each in _around(target) if each.kind == "foreach" and each not in _around(self.node)), None)
        if outer is not None:
            raise InvalidWorkflow(f"{path[1]!r} runs inside {outer.key!r}", field=at, remedy=f"refer to {path[0]}.{outer.key}")
        if not _runs_before(target, self.node):
            raise InvalidWorkflow(f"{path[1]!r} cannot have run before this", field=at, remedy="refer to what comes earlier in a chain")

    def _type(self, expression: str, at: str) -> frozenset[str] | None:
        """The JSON types of an expression that is a plain path; None when they cannot be known."""
        try:
            parsed, path = parse(expression).parsed, plain_path(expression)
        except ValueError:
            return None  # `_check_expression` names this fault
        if parsed["type"] == "literal":
            return schemas.type_of(parsed["value"])
        if path is None:
            return None
        self._check_path(path, at)
        found = self._schema(path, at)
        return None if found is None else schemas.types(*found)

    def _schema(self, path: Path, at: str) -> tuple[schemas.Schema, schemas.Schema] | None:
        """The schema at the path and its root; None when nothing is known. Raises when there can be no such field."""
        root, rest = self._root_schema(path)
        if root is None:
            return None
        found, missing = schemas.at_path(root, rest)
        if found is None:
            where = ".".join(path[: len(path) - len(rest)])
            raise InvalidWorkflow(f"{where!r} has no field {missing!r}", field=at)
        return found, root

    def _root_schema(self, path: Path) -> tuple[schemas.Schema | None, Path]:
        if path[0] == "input":
            return dict(self.program.workflow.input), path[1:]
        if path[0] == "skipped":
            return {"type": "array"}, path[2:]
        if path[0] == "steps":
            return self._value_schema(self.program.nodes[path[1]]), path[2:]
        if path[0] == "prev":
            before = previous(self.node)
            return (dict(self.program.workflow.input) if before is None else self._value_schema(before)), path[1:]
        return None, path[1:]

    def _value_schema(self, node: Node) -> schemas.Schema | None:
        if node.kind == "step":
            agent = self.agents.get(node.source.agent)
            return None if agent is None else _schema_of(agent.output, "serialization")
        if node.kind == "wait":
            return output_schema(node)
        if node.kind == "chain":
            return self._value_schema(node.children[-1])
        return {"type": "array"} if node.fans_out else None


@cache
def _schema_of(model: type[BaseModel], mode: JsonSchemaMode) -> schemas.Schema:
    """A model's JSON Schema, kept: Pydantic takes milliseconds to make one, and a compilation asks for some dozens of times."""
    return model.model_json_schema(mode=mode)


def _constant(value: Any) -> tuple[bool, Any]:
    """Whether an input is the same in every run, and then what it is: a literal, also one written as an expression."""
    if not isinstance(value, str):
        return True, value
    try:
        parsed = parse(value).parsed
    except ValueError:
        return False, None  # `_check_expression` names this fault
    return parsed["type"] == "literal", parsed.get("value")


def _around(node: Node) -> list[Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _runs_before(target: Node, node: Node) -> bool:
    """Whether the target can be done when the node starts: their ways part in a chain, and the target's comes first."""
    mine, theirs = [node, *_around(node)], [target, *_around(target)]
    meeting = next(each for each in mine if each in theirs)
    if meeting.kind != "chain" or meeting in (target, node):
        return False
    own = mine[mine.index(meeting) - 1]
    other = theirs[theirs.index(meeting) - 1]
    return other.slot < own.slot


def _list(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))
