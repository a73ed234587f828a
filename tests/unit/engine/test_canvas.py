from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pytest
from celery import Celery, chain, chord, group, signature
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Workflow
from synapse.engine.app import SynapseApp, create_app
from synapse.engine.canvas import agent_signatures, approval, foreach, options, ref, timer, to_canvas, to_workflow, wait_for, when
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, InvalidWorkflow
from synapse.settings import BrokerSettings
from synapse.workflows.definition import builtins, from_data, to_data
from synapse.workflows.expressions import evaluate
from synapse.workflows.program import build
from tests.unit.engine.workshop import Told, echo, make
from tests.unit.workflows.shipped import shipped
from tests.unit.workflows.strategies import workflows


class Pair(BaseModel):
    """Two fields in an order, one known to the world by another name."""

    model_config = ConfigDict(populate_by_name=True)
    left: Any = None
    right: Any = Field(default=None, alias="class")


def pair(task: Pair, tools: Toolbox) -> Told:
    return Told()


@lru_cache
def the_app() -> SynapseApp:
    """One application for the module: making it connects to nothing."""
    agents = Registry(
        {**Registry.installed(), "echo": make("echo", echo), "pair": make("pair", pair), "search.rank2": make("search.rank2", echo)}
    )
    return create_app(Runtime(broker=BrokerSettings(broker_url=None), registry=agents), set_as_current=False)


@pytest.fixture
def app() -> SynapseApp:
    return the_app()


@pytest.fixture
def a(app: SynapseApp) -> Any:
    return agent_signatures(app)


def taken(canvas: Any) -> dict[str, Any]:
    """The tree that a canvas is taken apart into, as data."""
    tree: dict[str, Any] = to_data(to_workflow("mine", canvas, the_app().runtime.registry))["do"]
    return tree


# -- round trips ------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(workflow=workflows(depth=3))
def test_any_definition_is_the_same_after_a_turn_as_a_canvas(workflow: Workflow) -> None:
    canvas = to_canvas(workflow, the_app())
    fields = {"version": workflow.version, "description": workflow.description}
    assert to_workflow(workflow.name, canvas, the_app().runtime.registry, **fields) == workflow


@settings(max_examples=60)
@given(workflow=workflows(depth=3))
def test_any_definition_is_the_same_after_its_canvas_went_through_json(workflow: Workflow) -> None:
    text = json.dumps(to_canvas(workflow, the_app()))
    back = to_workflow(workflow.name, signature(json.loads(text), app=the_app()), the_app().runtime.registry)
    assert back.do == workflow.do


@pytest.mark.parametrize("name", builtins())
def test_the_workflows_that_ship_with_synapse_can_be_written_as_a_canvas(name: str) -> None:
    workflow = shipped(name)
    back = to_workflow(name, to_canvas(workflow, the_app()), the_app().runtime.registry)
    assert back.do == workflow.do


def test_a_literal_that_looks_like_a_schemas_reference_stays_a_literal() -> None:
    workflow = from_data({"name": "w", "do": {"step": "a", "agent": "echo", "with": {"seen": {"$ref": "#/definitions/x"}}}})
    assert to_workflow("w", to_canvas(workflow, the_app()), the_app().runtime.registry) == workflow


# -- arguments --------------------------------------------------------------------------------------------------


def test_in_a_chain_what_came_before_is_the_first_argument_of_s_and_none_of_si(a: Any) -> None:
    tree = taken(chain(a.echo.s(number=1), a.pair.s(), a.pair.s(5), a.pair.si(5), a.pair.si()))
    assert [step.get("with") for step in tree["chain"]] == [
        {"number": 1},
        {"left": "prev"},
        {"left": "prev", "class": 5},
        {"left": 5},
        None,
    ]


def test_an_argument_named_as_the_first_field_takes_the_place_of_what_came_before(a: Any) -> None:
    tree = taken(chain(a.echo.s(), a.pair.s(left=ref("input.x"))))
    assert tree["chain"][1]["with"] == {"left": "input.x"}


def test_members_of_a_group_that_follows_something_take_it_too(a: Any) -> None:
    tree = taken(chain(a.echo.s(), group(a.pair.s(), a.pair.si(1))))
    assert [step.get("with") for step in tree["chain"][1]["group"]] == [{"left": "prev"}, {"left": 1}]


def test_nothing_comes_before_the_members_of_a_first_group(a: Any) -> None:
    tree = taken(group(a.pair.s(), a.pair.s(1)))
    assert [step.get("with") for step in tree["group"]] == [None, {"left": 1}]


def test_strings_are_literals_and_only_a_ref_is_an_expression(a: Any) -> None:
    (given,) = [taken(a.pair.s('it\'s `quoted` \\ "so"', ref("input.x")))["with"]]
    assert evaluate(given["left"], {}) == 'it\'s `quoted` \\ "so"'
    assert given["class"] == "input.x"


@given(text=st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_string_given_to_an_agent_arrives_as_it_is(text: str) -> None:
    tree = taken(agent_signatures(the_app()).pair.s(text))
    assert evaluate(tree["with"]["left"], {}) == text


@pytest.mark.parametrize(
    ("arguments", "named", "says"),
    [
        ((1, 2, 3), {}, "takes 2 arguments, not 3"),
        ((1,), {"left": 2}, "given 'left' twice"),
        ((1, 2), {"class": 2}, "given 'class' twice"),
    ],
)
def test_arguments_that_python_would_refuse_are_refused(a: Any, arguments: tuple[Any, ...], named: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidWorkflow, match=says):
        taken(a.pair.s(*arguments, **named))


def test_what_came_before_counts_as_an_argument(a: Any) -> None:
    with pytest.raises(InvalidWorkflow, match="takes 2 arguments, not 3"):
        taken(chain(a.echo.s(), a.pair.s(1, 2)))


# -- shapes -----------------------------------------------------------------------------------------------------


def test_celerys_bar_makes_chains_and_folds_a_group_and_what_follows_into_a_chord(a: Any) -> None:
    tree = taken(a.echo.s(number=1) | group(a.echo.si(number=2), a.echo.si(number=3)) | a.pair.s() | a.echo.s())
    assert list(tree) == ["chain"]
    first, fold, *_ = tree["chain"]
    assert first["with"] == {"number": 1}
    assert [step["with"]["number"] for step in fold["chord"]["group"]] == [2, 3]
    assert build(from_data({"name": "w", "do": tree})).nodes


def test_a_chord_waits_for_its_header_and_its_body_takes_the_list(a: Any) -> None:
    tree = taken(chord([a.echo.s(number=1), a.echo.s(number=2)], a.pair.s()))
    assert [step["step"] for step in tree["chord"]["group"]] == ["echo", "echo_2"]
    assert tree["body"] == {"step": "pair", "agent": "pair", "with": {"left": "prev"}}


def test_a_chord_over_a_list_known_at_run_time(a: Any) -> None:
    tree = taken(chord([foreach("each", ref("input.list"), a.echo.s(ref("item")), max=7)], a.pair.s()))
    assert tree["chord"] == {
        "foreach": "each",
        "items": "input.list",
        "max": 7,
        "do": {"step": "echo", "agent": "echo", "with": {"seen": "item"}},
    }


def test_the_other_fields_of_a_foreach_have_their_own_names(a: Any) -> None:
    tree = taken(foreach("each", ref("input.list"), a.echo.si(), as_="thing", min_success=2))
    assert (tree["as"], tree["min_success"]) == ("thing", 2)
    with pytest.raises(InvalidWorkflow, match="maximum"):
        taken(foreach("each", ref("input.list"), a.echo.si(), maximum=3))


def test_a_when_has_one_branch_or_two(a: Any) -> None:
    both = taken(when(ref("input.x"), a.echo.si(), a.pair.si()))
    one = taken(chain(a.echo.si(), when(ref("prev.said"), a.pair.s())))["chain"][1]
    assert (both["then"]["agent"], both["otherwise"]["agent"]) == ("echo", "pair")
    assert one == {"when": "prev.said", "then": {"step": "pair", "agent": "pair", "with": {"left": "prev"}}}


def test_a_steps_options_travel_with_it(a: Any) -> None:
    retry = {"attempts": 5, "on": ["timeout"]}
    tree = taken(a.echo.si().set(**options("read", on_error="skip", retry=retry, timeout=3)))
    assert tree == {"step": "read", "agent": "echo", "on_error": "skip", "retry": retry, "timeout": 3.0}


def test_an_unknown_option_is_an_error(a: Any) -> None:
    with pytest.raises(InvalidWorkflow):
        taken(a.echo.si().set(synapse={"step": "a", "retires": 3}))


def test_steps_without_a_name_are_called_after_their_agent_and_never_as_something_else(a: Any) -> None:
    tree = taken(
        chain(
            a["search.rank2"].si(),
            a.echo.si(),
            foreach("echo", ref("prev"), a.echo.si()),
            a.echo.si().set(**options("echo_2")),
            app=a.app,
        )
    )
    program = build(from_data({"name": "w", "do": tree}))
    assert {key for key in program.nodes if ":" not in key} == {"search_rank2", "echo", "echo_2", "echo_3", "echo_4"}
    assert tree["chain"][3]["step"] == "echo_2"


def test_fields_of_the_workflow_are_given_beside_the_canvas(a: Any, app: SynapseApp) -> None:
    schema = {"type": "object", "required": ["x"]}
    workflow = to_workflow("mine", a.echo.si(), app.runtime.registry, version=3, description="what for", input=schema)
    assert (workflow.version, workflow.description, workflow.input) == (3, "what for", schema)


# -- what has no place here -------------------------------------------------------------------------------------


@pytest.mark.parametrize("add", ["link", "link_error"])
def test_callbacks_have_no_place_wherever_they_hang(a: Any, add: str) -> None:
    step, inner = a.echo.si(), a.echo.si()
    getattr(step, add)(a.pair.si())
    getattr(inner, add)(a.pair.si())
    for canvas in (step, group(inner, a.echo.si()), chain(a.echo.si(), inner), chord([a.echo.si()], inner)):
        with pytest.raises(InvalidWorkflow, match="callbacks have no place"):
            taken(canvas)


def test_a_task_of_another_application_has_no_place(a: Any) -> None:
    other = Celery("other", set_as_current=False)

    @other.task(name="other.work")
    def work() -> None:
        """Not an agent."""

    with pytest.raises(InvalidWorkflow, match=r"'other\.work' is no agent's task") as caught:
        taken(chain(a.echo.si(), work.si()))
    assert "synapse.echo" in str(caught.value)


def test_an_agent_that_is_not_there_is_named_with_those_that_are(a: Any) -> None:
    with pytest.raises(AttributeError, match=r"no agent 'nobody'; known: .*echo"):
        _ = a.nobody
    with pytest.raises(AttributeError, match=r"search\.nothing"):
        _ = a["search.nothing"]


def test_a_signature_sent_by_itself_is_refused_where_it_is_sent(a: Any) -> None:
    for send in (a.echo.s(seen=1).delay, a.echo.s(1, 2).apply_async, chain(a.echo.s(1), a.pair.s()).apply_async, a.echo.delay):
        with pytest.raises(InvalidInput, match=r"synapse\.echo was sent with an agent's own arguments.*submit a workflow"):
            send()


def test_a_message_with_an_agents_own_arguments_is_refused_by_the_worker_too(a: Any) -> None:
    with pytest.raises(InvalidInput, match="submit a workflow"):
        a.echo.run(seen=1)
    with pytest.raises(InvalidInput, match="submit a workflow"):
        a.echo.run({"a": 1}, 2, 3)


def test_what_waits_is_written_beside_the_agents_and_takes_nothing_from_before(a: Any) -> None:
    flow = chain(
        timer("pause", seconds=60),
        timer("later", until=ref("input.at")),
        wait_for("payment", signal="paid", ask="Paid?", timeout=ref("input.patience"), on_timeout="default", default="no"),
        approval("publish", on_reject="continue", timeout=5),
        a.echo.s(),
    )
    assert taken(flow)["chain"][:4] == [
        {"timer": "pause", "seconds": 60},
        {"timer": "later", "until": "input.at"},
        {
            "wait_for": "payment",
            "signal": "paid",
            "ask": '`"Paid?"`',
            "timeout": "input.patience",
            "on_timeout": "default",
            "default": '`"no"`',
        },
        {"approval": "publish", "timeout": 5, "on_reject": "continue"},
    ]
    assert taken(timer("t", until="2027-01-01T00:00:00Z"))["until"] == '`"2027-01-01T00:00:00Z"`'


def test_what_waits_takes_its_own_fields_only(a: Any) -> None:
    with pytest.raises(InvalidWorkflow, match="Extra inputs"):
        taken(wait_for("w", retries=3))
    with pytest.raises(InvalidWorkflow, match="takes no arguments"):
        taken(signature({**timer("t", seconds=1), "args": [5]}))
    with pytest.raises(InvalidWorkflow, match="callbacks"):
        taken(timer("t", seconds=1).on_error(a.echo.s()))


def test_a_wait_s_name_is_not_given_to_a_step(a: Any) -> None:
    assert [each.get("step") for each in taken(chain(approval("echo"), a.echo.s()))["chain"]] == [None, "echo_2"]
