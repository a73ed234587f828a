from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from synapse.contracts.run import RunState
from synapse.engine.inbox import InboxStep, Letter
from synapse.errors import InvalidInput, NotFound, Unauthorized
from synapse.service.inbox import Inbox, attach
from synapse.settings import InboxSettings
from tests.unit.workbench import Workbench

SECRET = "a secret of the inbox"
TASK: dict[str, Any] = {"type": "task_assign", "id": "one", "workflow": "echo", "input": {"text": "hello"}}


def letter(task: Any, user: str | None = "portal", message_id: str | None = None) -> Letter:
    return Letter(json.dumps(task).encode(), user, message_id)


def signed(task: Any, secret: str = SECRET) -> Letter:
    payload = json.dumps(task)
    signature = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return letter({"payload": payload, "signature": signature}, user=None, message_id="outside")


@pytest.fixture
def inbox(bench: Workbench) -> Inbox:
    return Inbox(bench.runtime, InboxSettings(inbox_users=("portal", "nightly=acme"), inbox_secret=SecretStr(SECRET)))


def test_a_task_of_a_known_user_becomes_one_run_however_often_it_comes(inbox: Inbox, bench: Workbench) -> None:
    accepted = inbox.receive(letter(TASK))
    assert (accepted.answer.name, accepted.answer.run, accepted.answer.state) == ("run.accepted", accepted.run, RunState.RUNNING)
    assert inbox.outcome(accepted.tenant, accepted.run) is None
    bench.work()
    assert inbox.receive(letter(TASK)).run == accepted.run
    ended = inbox.outcome(accepted.tenant, accepted.run)
    assert ended is not None
    assert (ended.name, ended.state) == ("run.ended", RunState.SUCCEEDED)


def test_a_run_belongs_to_the_tenant_of_its_user(inbox: Inbox) -> None:
    accepted = inbox.receive(letter(TASK, user="nightly"))
    assert accepted.tenant == "acme"
    with pytest.raises(NotFound):
        inbox.outcome("default", accepted.run)
    assert inbox.receive(letter(TASK)).run != accepted.run


def test_the_message_s_own_id_counts_where_the_task_has_none(inbox: Inbox) -> None:
    task = {name: value for name, value in TASK.items() if name != "id"}
    runs = {inbox.receive(letter(task, message_id=name)).run for name in ("a", "a", "b")}
    assert len(runs) == 2
    with pytest.raises(InvalidInput, match="id"):
        inbox.receive(letter(task))


def test_a_signed_envelope_is_taken_from_anybody_and_its_id_is_the_signed_one(inbox: Inbox) -> None:
    assert inbox.receive(signed(TASK)).run == inbox.receive(signed(TASK)).run
    with pytest.raises(InvalidInput, match="id"):
        inbox.receive(signed({name: value for name, value in TASK.items() if name != "id"}))


@pytest.mark.parametrize(
    "stranger",
    [
        lambda: letter(TASK, user=None),
        lambda: letter(TASK, user="mallory"),
        lambda: signed(TASK, "another secret"),
        lambda: Letter(b"\xff", None),
        lambda: Letter(b"", "mallory"),
    ],
)
def test_who_is_not_known_is_told_apart_from_what_is_wrong(inbox: Inbox, bench: Workbench, stranger: Callable[[], Letter]) -> None:
    with pytest.raises(Unauthorized):
        inbox.receive(stranger())
    assert bench.service.runs.list().runs == ()


def test_without_a_secret_no_envelope_is_taken(bench: Workbench) -> None:
    inbox = Inbox(bench.runtime, InboxSettings(inbox_users=("portal",), inbox_secret=None))
    with pytest.raises(Unauthorized, match="vouch"):
        inbox.receive(signed(TASK))


@pytest.mark.parametrize(
    ("task", "field"),
    [
        ({**TASK, "type": "status_update"}, "type"),
        ({**TASK, "input": {"text": "a" * 51}}, "input.text"),
        ({**TASK, "workflow": 5}, "workflow"),
        ([], None),
    ],
)
def test_what_is_wrong_with_a_task_is_named(inbox: Inbox, task: Any, field: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        inbox.receive(letter(task))
    assert caught.value.field == field


def test_a_body_of_a_megabyte_and_more_is_not_read(inbox: Inbox) -> None:
    with pytest.raises(InvalidInput, match="bytes"):
        inbox.receive(Letter(b" " * 1_000_001, "portal"))


def test_it_is_off_until_somebody_is_allowed(bench: Workbench) -> None:
    app = SimpleNamespace(runtime=bench.runtime, steps={"consumer": set()})
    attach(app, InboxSettings(inbox_users=(), inbox_secret=None))
    assert app.steps == {"consumer": set()}
    attach(app, InboxSettings(inbox_users=("portal",)))
    assert app.steps == {"consumer": {InboxStep}}
