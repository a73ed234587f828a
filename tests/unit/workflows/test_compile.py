from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from synapse.contracts.agent import Agent
from synapse.contracts.workflow import Workflow
from synapse.engine.registry import Registry
from synapse.errors import InvalidInput, InvalidPayload, InvalidWorkflow
from synapse.workflows.compile import check_payload, checked_input, compile_workflow
from synapse.workflows.definition import builtin, builtins, from_data


class Item(BaseModel):
    title: str
    score: float = 0.0


class Plan(BaseModel):
    items: list[Item]
    count: int
    title: str


class Task(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    limit: Annotated[int, Field(ge=1)] = 3
    mode: Literal["fast", "slow"] = "fast"
    items: list[Item] = []
    at: datetime | None = None


class Nothing(BaseModel):
    pass


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


AGENTS: Mapping[str, Agent] = {
    agent.name: agent
    for agent in (
        Agent("plan", lambda task, tools: None, Nothing, Plan),
        Agent("work", lambda task, tools: None, Task, Item),
        Agent("any", lambda task, tools: None, Anything, Anything),
    )
}
PLAN = {"step": "plan", "agent": "plan"}


def work(key: str, **inputs: Any) -> dict[str, Any]:
    return {"step": key, "agent": "work", "with": {"text": "'x'", **inputs}}


def use(key: str, **inputs: Any) -> dict[str, Any]:
    return {"step": key, "agent": "any", "with": inputs}


def compiled(tree: dict[str, Any], **more: Any) -> Any:
    return compile_workflow(from_data({"name": "w", "do": tree, **more}), AGENTS)


def fault(tree: dict[str, Any], **more: Any) -> InvalidWorkflow:
    with pytest.raises(InvalidWorkflow) as caught:
        compiled(tree, **more)
    return caught.value


FOREACH = {"foreach": "f", "items": "steps.plan.items", "as": "it", "do": work("m", text="it.title")}
GROUP = {"group": [work("a"), work("b")], "id": "g"}
SCHEMA = {"type": "object", "properties": {"question": {"type": "string"}, "size": {"type": "integer"}}}


@pytest.mark.parametrize(
    "tree",
    [
        {"chain": [PLAN, FOREACH, use("end", all="steps.f", lost="skipped.f", first="steps.f[0].title")]},
        {"chain": [PLAN, GROUP, use("end", one="steps.a.title", both="steps.g", before="prev[0]")]},
        {"chain": [PLAN, {"when": "steps.plan.count > `3`", "then": work("a")}, use("end", maybe="steps.a.title")]},
        {"chain": [PLAN, FOREACH | {"do": {"chain": [work("m"), work("n", text="steps.m.title", limit="index")]}}]},
        {"foreach": "f", "items": "input.list", "do": {"foreach": "g", "items": "item", "as": "cell", "do": use("m", x="cell", y="item")}},
        work("a", limit=2, mode="'slow'", items=[{"title": "t"}], at="'2026-01-01T00:00:00Z'"),
        {"chord": GROUP, "body": use("end", all="prev")},
    ],
)
def test_a_sound_workflow_compiles(tree: dict[str, Any]) -> None:
    assert compiled(tree).root.at == "do"


@pytest.mark.parametrize(
    ("tree", "path", "said"),
    [
        # agents and their inputs
        ({"step": "a", "agent": "wrok"}, "do.agent", "there is no agent 'wrok'"),
        (work("a", txt="'x'"), "do.with.txt", "takes no 'txt'"),
        ({"step": "a", "agent": "work"}, "do.with", "needs 'text'"),
        (work("a", limit="'many'"), "do.with.limit", "valid integer"),
        (work("a", limit=0), "do.with.limit", "greater than or equal to 1"),
        (work("a", limit="`0`"), "do.with.limit", "greater than or equal to 1"),
        (work("a", mode="'medium'"), "do.with.mode", "'fast' or 'slow'"),
        (work("a", text=5), "do.with.text", "valid string"),
        (work("a", items=[{"titel": "t"}]), "do.with.items", "Field required"),
        ({"chain": [PLAN, work("a", text="steps.plan.count")]}, "do.chain[1].with.text", "is number; agent 'work' takes string"),
        ({"chain": [PLAN, work("a", text="prev.items")]}, "do.chain[1].with.text", "is array"),
        ({"chain": [PLAN, work("a", limit="steps.plan.title")]}, "do.chain[1].with.limit", "is string"),
        ({"chain": [PLAN, FOREACH, work("a", text="steps.f")]}, "do.chain[2].with.text", "is array"),
        # fields that there cannot be
        ({"chain": [PLAN, work("a", text="steps.plan.titel")]}, "do.chain[1].with.text", "has no field 'titel'"),
        ({"chain": [PLAN, use("a", x="steps.plan.items[].title", y="prev.nope.x")]}, "do.chain[1].with.y", "no field 'nope'"),
        # expressions
        (use("a", x="steps..b"), "do.with.x", "not a JMESPath expression"),
        (use("a", x="hello world"), "do.with.x", "not a JMESPath expression"),
        (use("a", x="size(input.x)"), "do.with.x", "no function"),
        (use("a", x="question"), "do.with.x", "'question' refers to nothing"),
        (use("a", x="@"), "do.with.x", "refers to nothing"),
        (use("a", x="index"), "do.with.x", "only inside a foreach"),
        (use("a", x="item"), "do.with.x", "refers to nothing"),
        (use("a", x="steps"), "do.with.x", "names no step"),
        ({"chain": [PLAN, {"when": "!steps.plan.count", "then": work("a")}]}, "do.chain[1].when", "means"),
        # what cannot have run
        ({"chain": [use("a", x="steps.plan"), PLAN]}, "do.chain[0].with.x", "cannot have run before this"),
        (use("a", x="steps.a"), "do.with.x", "cannot have run"),
        (use("a", x="steps.b"), "do.with.x", "names no step"),
        ({"group": [PLAN, use("a", x="steps.plan.title")]}, "do.group[1].with.x", "cannot have run"),
        ({"chain": [{"group": [PLAN, {"when": "steps.plan", "then": work("a")}]}]}, "do.chain[0].group[1].when", "cannot have run"),
        (
            {"when": "input.x", "then": PLAN, "otherwise": use("a", x="steps.plan")},
            "do.otherwise.with.x",
            "cannot have run",
        ),
        ({"chain": [PLAN, FOREACH, use("a", x="steps.m")]}, "do.chain[2].with.x", "'m' runs inside 'f'"),
        ({"chain": [PLAN, FOREACH | {"do": use("m", x="steps.f")}]}, "do.chain[1].do.with.x", "cannot have run"),
        ({"chain": [PLAN, FOREACH | {"items": "steps.f"}]}, "do.chain[1].items", "cannot have run"),
        ({"chain": [PLAN, FOREACH | {"items": "it.x"}]}, "do.chain[1].items", "refers to nothing"),
        ({"chain": [PLAN, use("a", x="skipped.plan")]}, "do.chain[1].with.x", "no foreach or group"),
        # fan-outs
        ({"chain": [PLAN, FOREACH | {"items": "steps.plan.title"}]}, "do.chain[1].items", "is string, not a list"),
        ({"chain": [PLAN, FOREACH | {"items": "`5`"}]}, "do.chain[1].items", "is number, not a list"),
        ({"chain": [PLAN, FOREACH | {"as": "input"}]}, "do.chain[1].as", "already means something"),
        ({"chain": [PLAN, FOREACH | {"max": 2, "min_success": 3}]}, "do.chain[1].min_success", "3 must succeed of at most 2"),
        (
            {"foreach": "f", "items": "input.x", "do": {"foreach": "g", "items": "item", "do": work("a")}},
            "do.do.as",
            "outer foreach's item already",
        ),
        ({"chain": [PLAN, PLAN]}, "do.chain[1]", "already the id"),
    ],
)
def test_a_faulty_workflow_is_refused_with_the_path_and_the_reason(tree: dict[str, Any], path: str, said: str) -> None:
    error = fault(tree)
    assert error.field == path
    assert said in error.detail


def test_foreachs_inside_one_another_are_limited() -> None:
    tree: dict[str, Any] = work("a")
    for level in range(5):
        tree = {"foreach": f"f{level}", "items": "input.x", "as": f"i{level}", "do": tree}
    assert fault(tree).remedy == "at most 4"


def test_the_number_of_nodes_is_limited() -> None:
    error = fault({"chain": [use(f"s{i}") for i in range(500)]})
    assert "501 nodes" in error.detail


def test_an_input_schema_is_checked_and_its_fields_are_known() -> None:
    assert fault(use("a"), input={"type": "objekt"}).field == "input"
    assert fault(use("a", x="input.questoin"), input=SCHEMA).detail == "'input' has no field 'questoin'"
    assert "is number" in fault(work("a", text="input.size"), input=SCHEMA).detail
    assert compiled(work("a", text="input.question", limit="prev.size"), input=SCHEMA)


def test_what_ships_compiles_with_the_agents_that_ship() -> None:
    agents = Registry.installed()
    for name in builtins():
        found = builtin(name)
        assert isinstance(found, Workflow)
        assert compile_workflow(found, agents).root


def test_defaults_of_the_input_are_filled_in_and_faults_named_by_field() -> None:
    schema = {
        "type": "object",
        "required": ["question"],
        "additionalProperties": False,
        "properties": {
            "question": {"type": "string"},
            "limits": {"type": "object", "properties": {"max": {"type": "integer"}}},
            "n": {"default": 4},
        },
    }
    workflow = from_data({"name": "w", "do": PLAN, "input": schema})
    assert checked_input(workflow, {"question": "why"}) == {"question": "why", "n": 4}
    assert checked_input(workflow, {"question": "why", "n": 5})["n"] == 5
    for given, field in (
        ({}, "input"),
        ({"question": "why", "limits": {"max": "x"}}, "input.limits.max"),
        ({"question": "y", "z": 1}, "input"),
    ):
        with pytest.raises(InvalidInput) as caught:
            checked_input(workflow, given)
        assert caught.value.field == field


# -- waiting --------------------------------------------------------------------------------------------------------

WAIT = {"wait_for": "w", "payload": {"type": "object", "title": "Paid", "properties": {"sum": {"type": "number"}}}}


@pytest.mark.parametrize(
    ("tree", "field", "said"),
    [
        ({"timer": "t"}, "do", "either seconds or until"),
        ({"timer": "t", "seconds": 1, "until": "input.at"}, "do", "either seconds or until"),
        ({"timer": "t", "seconds": -1}, "do.seconds", "from 0 to"),
        ({"timer": "t", "seconds": True}, "do.seconds", "a number of seconds"),
        ({"timer": "t", "seconds": "60 s"}, "do.seconds", "not a JMESPath expression"),
        ({"timer": "t", "seconds": "'60'"}, "do.seconds", "is string; seconds takes a number"),
        ({"timer": "t", "until": "'tomorrow'"}, "do.until", "not a moment"),
        ({"timer": "t", "until": "'2027-01-01T00:00:00'"}, "do.until", "no offset"),
        ({"timer": "t", "until": "input.count"}, "do.until", "is number; until takes a string"),
        ({"timer": "t", "seconds": "steps.none.x"}, "do.seconds", "names no step"),
        ({"wait_for": "w", "on_timeout": "skip"}, "do", "without a timeout"),
        ({"wait_for": "w", "timeout": 1, "default": 5}, "do", "with 'on_timeout: default' only"),
        ({"wait_for": "w", "payload": {"type": "thing"}}, "do.payload", "not a JSON Schema"),
        ({"wait_for": "w", "ask": "input.count"}, "do.ask", "is number; ask takes a string"),
        ({"approval": "a", "on_timeout": "reject"}, "do", "without a timeout"),
        ({"approval": "a", "expires": 5}, "do.expires", "Extra inputs"),
        ({"chain": [WAIT, use("u", x="steps.w.pay")]}, "do.chain[1].with.x", "'steps.w' has no field 'pay'"),
        ({"chain": [WAIT, use("u", x="steps.w.payload.summ")]}, "do.chain[1].with.x", "no field 'summ'"),
        ({"chain": [WAIT, WAIT]}, "do.chain[1]", "already the id"),
        ({"chain": [WAIT, {"approval": "a", "signal": "w"}]}, "do.chain[1].signal", "with another payload"),
        (
            {"chain": [{"wait_for": "w"}, {"foreach": "f", "items": "input.things", "do": {"wait_for": "v", "signal": "w"}}]},
            "do.chain[1].do.signal",
            "in another foreach by 'w'",
        ),
    ],
)
def test_a_wait_with_a_fault_is_named_by_its_path(tree: dict[str, Any], field: str, said: str) -> None:
    schema = {
        "type": "object",
        "title": "In",
        "properties": {"count": {"type": "integer"}, "at": {"type": "string"}, "things": {"type": "array"}},
    }
    found = fault(tree, input=schema)
    assert found.field == field
    assert said in found.detail


def test_waits_go_wherever_a_step_goes_and_are_referred_to_like_one() -> None:
    member = {"chain": [{"wait_for": "confirm"}, {"timer": "pause", "seconds": "index"}, {"wait_for": "second", "signal": "confirm"}]}
    program = compiled(
        {
            "chain": [
                {"group": [{"approval": "a", "on_reject": "continue"}, {"timer": "t", "until": "input.at"}], "id": "g"},
                {
                    "when": "steps.a.approved",
                    "then": {"chord": {"foreach": "f", "items": "input.things", "do": member}, "body": use("u", x="prev")},
                },
                use("v", a="steps.a.comment", g="steps.g", t="steps.t.until", gone="skipped.f"),
            ]
        }
    )
    assert {node.key for node in program.nodes.values() if node.kind == "wait"} == {"a", "t", "confirm", "pause", "second"}
    assert [node.key for node in program.waiting_for("confirm")] == ["confirm", "second"]


def test_a_payload_that_does_not_fit_is_refused_by_its_field() -> None:
    node = compiled(WAIT).root
    check_payload(node, {"sum": 5})
    with pytest.raises(InvalidPayload) as caught:
        check_payload(node, {"sum": "much"})
    assert caught.value.field == "payload.sum"
    with pytest.raises(InvalidPayload):
        check_payload(compiled({"approval": "a"}).root, None)
    check_payload(compiled({"wait_for": "w"}).root, ["any", "thing"])
