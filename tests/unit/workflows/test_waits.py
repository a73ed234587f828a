from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from synapse.errors import Permanent
from synapse.workflows.definition import from_data
from synapse.workflows.program import Node, build
from synapse.workflows.waits import Answer, PlannedWait, answered, fired, moment, output_schema, payload_schema, planned

AT = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
SENT = {"by": "portal", "at": "2027-01-01T00:00:00+00:00"}


def node(tree: dict[str, Any]) -> Node:
    return build(from_data({"name": "w", "do": tree})).root


def approval(**more: Any) -> Node:
    return node({"approval": "publish", **more})


# -- beginning ------------------------------------------------------------------------------------------------------


def test_a_timer_runs_so_long_or_until_a_moment_given_or_found_in_the_run() -> None:
    seen = {"input": {"seconds": 90, "at": "2027-01-02T05:04:05+02:00"}}
    assert planned(node({"timer": "t", "seconds": 60}), {}) == PlannedWait("timer", seconds=60.0)
    assert planned(node({"timer": "t", "seconds": "input.seconds"}), seen) == PlannedWait("timer", seconds=90.0)
    assert planned(node({"timer": "t", "until": "input.at"}), seen) == PlannedWait("timer", until=AT.timestamp())
    assert planned(node({"timer": "t", "until": "'2027-01-02T03:04:05Z'"}), {}) == PlannedWait("timer", until=AT.timestamp())


def test_a_wait_has_a_name_a_question_and_a_limit_if_it_is_given_one() -> None:
    tree = {"wait_for": "payment", "signal": "paid", "ask": "join(' ', ['Paid', input.what])", "timeout": 5}
    assert planned(node(tree), {"input": {"what": "all"}}) == PlannedWait("signal", "paid", 5.0, ask="Paid all")
    assert planned(approval(), {}) == PlannedWait("approval", "publish")
    assert planned(approval(ask="input.none"), {"input": {}}).ask is None


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"timer": "t", "seconds": "input.text"}, r"do\.seconds: 'input.text' gave str, not a number of seconds"),
        ({"timer": "t", "seconds": "input.none"}, "gave nothing"),
        ({"timer": "t", "seconds": "input.yes"}, "gave bool"),
        ({"timer": "t", "seconds": "input.less"}, "gave -1; from 0"),
        ({"timer": "t", "seconds": "input.more"}, "can be waited"),
        ({"timer": "t", "until": "input.text"}, r"do\.until: 'input.text' gave 'soon', not a moment"),
        ({"timer": "t", "until": "input.local"}, "has no offset"),
        ({"timer": "t", "until": "input.edge"}, "not a moment"),
        ({"timer": "t", "until": "input.less"}, "gave int, not a moment as text"),
        ({"approval": "a", "ask": "input.less"}, r"do\.ask: 'input.less' gave int, not text"),
        ({"approval": "a", "timeout": "input.text"}, r"do\.timeout"),
    ],
)
def test_what_cannot_be_waited_for_is_told_with_its_path(tree: dict[str, Any], said: str) -> None:
    given = {"text": "soon", "yes": True, "less": -1, "more": 1e12, "local": "2027-01-01T00:00:00", "edge": "9999-12-31T23:59:59-14:00"}
    with pytest.raises(Permanent, match=said):
        planned(node(tree), {"input": given})


def test_what_is_kept_of_a_wait_is_the_wait_again() -> None:
    for wait in (PlannedWait("timer", until=5.5), PlannedWait("signal", "paid", 0.0, ask="?"), PlannedWait("approval", "a")):
        assert PlannedWait(**wait.to_data()) == wait
        assert None not in wait.to_data().values()


@pytest.mark.parametrize("text", ["2027-01-02", "12:00", "", None, 5, "2027-13-01T00:00:00Z"])
def test_a_text_without_a_moment_is_none(text: Any) -> None:
    with pytest.raises(ValueError, match=r"moment|offset"):
        moment(text)


# -- ending ---------------------------------------------------------------------------------------------------------


def test_a_signal_s_payload_is_inside_of_the_output_with_who_sent_it_when() -> None:
    waits = node({"foreach": "f", "items": "input.x", "do": {"wait_for": "payment", "signal": "paid"}}).children[0]
    ended = answered(waits, (2,), Answer({"sum": 5}, **SENT))
    assert (ended.how, ended.output) == ("signal", {"signal": "paid[2]", "payload": {"sum": 5}, **SENT, "timed_out": False})


def test_an_approval_says_who_decided_and_who_sent_it() -> None:
    ended = answered(approval(), (), Answer({"approved": True, "comment": "Fine.", "by": "ana"}, **SENT))
    expected = {"approved": True, "by": "ana", "comment": "Fine.", "sent_by": "portal", "at": SENT["at"], "expired": False}
    assert ended.output == expected
    assert answered(approval(), (), Answer({"approved": True}, **SENT)).output == {**expected, "by": "portal", "comment": None}


def test_a_rejection_fails_is_skipped_or_goes_on_as_the_definition_has_it() -> None:
    no = Answer({"approved": False, "comment": "Not yet."}, **SENT)
    failed = answered(approval(), (), no)
    assert (failed.failure and failed.failure.code, failed.skip) == ("rejected", False)
    assert failed.failure is not None
    assert failed.failure.message == "portal rejected it: Not yet."
    skipped = answered(approval(on_reject="skip"), (), no)
    assert (skipped.failure, skipped.skip) == (failed.failure, True)
    went_on = answered(approval(on_reject="continue"), (), no)
    assert (went_on.failure, (went_on.output or {})["approved"]) == (None, False)


def test_a_timer_s_output_is_when_it_was_due() -> None:
    assert fired(node({"timer": "t", "seconds": 1}), (), AT, {}).output == {"until": "2027-01-02T03:04:05+00:00"}


def test_nobody_s_signal_fails_is_skipped_or_is_the_default() -> None:
    tree = {"wait_for": "payment", "timeout": 5}
    failed = fired(node(tree), (), AT, {})
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.message) == ("expired", "nobody sent the signal 'payment' before 2027-01-02 03:04:05Z")
    assert fired(node({**tree, "on_timeout": "skip"}), (), AT, {}).skip
    default = node({**tree, "on_timeout": "default", "default": "steps.a.x"})
    assert fired(default, (), AT, {"steps": {"a": {"x": 7}}}).output == {
        "signal": "payment",
        "payload": 7,
        "by": None,
        "at": None,
        "timed_out": True,
    }
    literal = node({**tree, "on_timeout": "default", "default": {"paid": False}})
    assert (fired(literal, (), AT, {}).output or {})["payload"] == {"paid": False}


def test_an_approval_that_expires_fails_is_skipped_or_counts_as_rejected() -> None:
    assert (found := fired(approval(timeout=5), (), AT, {}).failure) is not None
    assert (found.code, found.message) == ("expired", "nobody approved or rejected it before 2027-01-02 03:04:05Z")
    assert fired(approval(timeout=5, on_timeout="skip"), (), AT, {}).skip
    rejects = {"timeout": 5, "on_timeout": "reject"}
    assert fired(approval(**rejects), (), AT, {}).failure is not None
    assert fired(approval(**rejects, on_reject="skip"), (), AT, {}).skip
    went_on = fired(approval(**rejects, on_reject="continue"), (), AT, {}).output or {}
    assert (went_on["approved"], went_on["expired"], went_on["by"]) == (False, True, None)


@pytest.mark.parametrize(
    "tree",
    [
        {"timer": "t", "seconds": 1},
        {"wait_for": "w", "payload": {"type": "integer"}},
        {"wait_for": "w", "timeout": 1, "on_timeout": "default", "payload": {"type": "integer"}, "default": "'none'"},
        {"wait_for": "w", "payload": {"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}},
        {"approval": "a", "on_reject": "continue", "on_timeout": "reject", "timeout": 1},
    ],
)
def test_every_output_is_what_its_schema_tells_those_who_refer_to_it(tree: dict[str, Any]) -> None:
    waits = node(tree)
    schema = {**output_schema(waits), "additionalProperties": False}
    outputs = [fired(waits, (), AT, {}).output]
    if payload_schema(waits) is not None:
        payload = {"approved": False} if "approval" in tree else 5
        jsonschema.validate(payload, payload_schema(waits) or {})
        outputs.append(answered(waits, (), Answer(payload, **SENT)).output)
    for output in outputs:
        if output is not None:
            jsonschema.validate(output, schema)
            assert set(output) == set(schema["properties"])


def test_a_timer_takes_no_payload() -> None:
    assert payload_schema(node({"timer": "t", "seconds": 1})) is None
