"""Runs started by messages on a real RabbitMQ: by the programs of the page, and every message as the AsyncAPI document says."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import jsonschema
import pytest
import yaml

from synapse.contracts.inbox import INBOX
from synapse.engine import topology
from synapse.service.dead_letters import DeadLetterDesk
from tests.absent import absent
from tests.conformance.node import Node
from tests.docs.pages import ROOT, write
from tests.integration.engine.conftest import Client, WorkerProcesses
from tests.waiting import PATIENCE, until

PAGE = ROOT / "docs/howto/start-by-message.md"
SECRET = "the secret of these tests"
# In the place of the built-in one, which needs the seven agents.
RESEARCH = """
name: research
input: {type: object, required: [question], properties: {question: {type: string, minLength: 3}}}
do: {step: list, agent: test.list, with: {things: "[input.question]"}}
"""
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docs/reference/asyncapi.yaml").read_text("utf-8"))


def conforms(message: str, payload: Any, headers: Any = None) -> None:
    """Fails unless the document's message of that name describes it."""
    described = DOCUMENT["components"]["messages"][message]
    for part, value in (("payload", payload), ("headers", headers)):
        if described.get(part):
            jsonschema.Draft202012Validator({**described[part], "components": DOCUMENT["components"]}).validate(value)


@pytest.fixture
def channel(broker_url: str) -> Iterator[amqp.Channel]:
    """A channel of a sender."""
    url = urlsplit(broker_url)
    host = f"{url.hostname}:{url.port}"
    with amqp.Connection(host, userid=url.username, password=url.password, virtual_host=url.path[1:]) as connection:
        yield connection.channel()


@pytest.fixture
def inbox(workers: WorkerProcesses, broker_url: str, tmp_path: Path, channel: amqp.Channel) -> None:
    """A worker with the inbox on, and the queues of a test's own."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "research.yaml").write_text(RESEARCH)
    queues = "synapse-test,synapse-orchestrator,synapse-logger"
    users = urlsplit(broker_url).username or ""
    workers.start("-Q", queues, SYNAPSE_INBOX_USERS=users, SYNAPSE_INBOX_SECRET=SECRET, SYNAPSE_WORKFLOWS_DIR=str(folder))
    channel.exchange_declare(topology.EVENTS.name, "topic", durable=True, auto_delete=False)
    channel.queue_declare("events", exclusive=True)
    channel.queue_bind("events", topology.EVENTS.name, "#")
    channel.queue_declare("answers", exclusive=True)


def put(channel: amqp.Channel, body: Any, **properties: Any) -> None:
    """Put a message into the inbox, confirmed."""
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    channel.basic_publish_confirm(amqp.Message(text, content_type="application/json", **properties), routing_key=INBOX)


def taken(channel: amqp.Channel, queue: str, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """Messages of a queue, until there are enough."""
    found: list[Any] = []

    def look() -> bool:
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            found.append((json.loads(message.body), message.properties))
        return enough(found)

    until(look, f"messages in {queue}")
    return found


@pytest.mark.timeout(300)
def test_a_task_is_run_once_and_its_sender_told_of_acceptance_and_end(
    inbox: None, client: Client, channel: amqp.Channel, broker_url: str
) -> None:
    user = urlsplit(broker_url).username
    task = {"type": "task_assign", "id": "one", "question": "Why so?"}
    conforms("TaskAssign", task)
    for _ in range(2):
        put(channel, task, user_id=user, reply_to="answers", correlation_id="c")
    answers = taken(channel, "answers", lambda found: sum(body["name"] == "run.ended" for body, _ in found) == 2)
    for body, properties in answers:
        conforms("InboxAnswer", body)
        assert properties["correlation_id"] == "c"
    assert [body["name"] for body, _ in answers].count("run.accepted") == 2
    (run,) = {body["run"] for body, _ in answers}
    assert client.ended(run).state == "succeeded"
    events = taken(channel, "events", lambda found: found[-1:] != [] and found[-1][0]["name"] == "run.succeeded")
    for body, _ in events:
        conforms("Event", body)
    assert {body["run"] for body, _ in events} == {run}


@pytest.mark.timeout(300)
def test_what_is_wrong_becomes_a_dead_letter_with_its_reason_and_a_signed_task_a_run(
    inbox: None, client: Client, channel: amqp.Channel, broker_url: str
) -> None:
    channel.queue_declare("dead", exclusive=True)
    channel.queue_bind("dead", topology.DEAD.name, "")
    task = {"type": "task_assign", "id": "one", "question": "Why so?"}
    payload = json.dumps(task)
    signature = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
    put(channel, "no json", reply_to="answers")
    put(channel, {**task, "question": "?"}, user_id=urlsplit(broker_url).username, reply_to="answers")
    put(channel, {"payload": payload, "signature": "0" * 64}, reply_to="answers")
    put(channel, {"payload": payload, "signature": signature}, reply_to="answers")
    conforms("SignedTask", {"payload": payload, "signature": signature})
    answers = [body for body, _ in taken(channel, "answers", lambda found: len(found) == 3)]
    assert [body["name"] for body in answers] == ["run.refused", "run.accepted", "run.ended"]
    assert answers[0]["error"]["code"] == "invalid-input"
    for body in answers:
        conforms("InboxAnswer", body)
    letters = client.runtime.database.dead_letters
    until(lambda: letters.count() == 3, "each is recorded")
    found = [letters.get(each.id) for each in DeadLetterDesk(client.runtime).page().letters]
    assert {each.queue for each in found} == {INBOX}
    assert sorted(each.reason.partition(":")[0] for each in found) == ["invalid-input", "unauthorized", "unauthorized"]
    while (message := channel.basic_get("dead", no_ack=True)) is not None:
        conforms("Refused", message.body, message.headers)


@pytest.fixture
def page(inbox: None, broker_url: str, tmp_path: Path) -> dict[str, str]:
    """The page's programs as files; gives what they are told."""
    write(PAGE, tmp_path)
    return {**os.environ, "BROKER_URL": broker_url, "SYNAPSE_INBOX_SECRET": SECRET}


def told(output: str) -> None:
    """Both answers were printed."""
    lines = [line.split() for line in output.splitlines()]
    assert [(line[0], line[1]) for line in lines] == [("mine", "run.accepted"), ("mine", "run.ended")]
    assert lines[1][3] == "succeeded"


def test_the_pages_program_in_python_starts_a_run(page: dict[str, str], tmp_path: Path) -> None:
    told(_run([sys.executable, "start.py"], tmp_path, page))


def test_the_pages_program_in_node_starts_a_run(node: Node, page: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node.packages)
    told(_run([str(node.program), "start.mjs"], tmp_path, page))


@pytest.fixture
def tools() -> None:
    """What the page's lines of shell need."""
    missing = [name for name in ("amqp-publish", "jq", "openssl") if not shutil.which(name)]
    if missing:
        absent(f"not installed: {', '.join(missing)}")


def test_the_pages_lines_of_shell_start_a_run(tools: None, page: dict[str, str], client: Client, tmp_path: Path) -> None:
    _run(["sh", "start.sh"], tmp_path, page)
    rows = client.runtime.database.driver.rows
    until(lambda: rows("SELECT count(*) FROM run WHERE state = 'succeeded'", {})[0][0] == 1, "the run")


def _run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
