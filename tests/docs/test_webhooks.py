"""The programs of the page on webhooks: one subscribes, the other verifies what comes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from synapse.contracts.webhook import TEST_EVENT, WebhookEvent
from synapse.service.envelope import payload
from synapse.service.retries import DELAYS
from tests.docs.pages import ROOT, blocks, write
from tests.docs.running import environment, up
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.waiting import until

PAGE = ROOT / "docs/howto/webhooks.md"


@pytest.mark.timeout(300)
def test_the_receiver_of_the_page_verifies_what_a_run_that_ends_has_told(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, SYNAPSE_WEBHOOK_ALLOWED_HOSTS=json.dumps([f"127.0.0.1:{port}"]))
    write(PAGE, tmp_path)
    with up(tmp_path, env) as api:
        program = [sys.executable, str(tmp_path / "subscribe.py"), f"http://127.0.0.1:{port}/x"]
        done = subprocess.run(program, env={**env, "SYNAPSE_API_URL": api.url}, capture_output=True, text=True, check=True, timeout=60)
        webhook, secret = done.stdout.split()
        log = tmp_path / "receiver.log"
        receiver = ServerProcess(
            [sys.executable, str(tmp_path / "receiver.py")], log=log, env={**env, "WEBHOOK_SECRET": secret, "PORT": str(port)}
        )
        try:
            run = api.wait(api.submit("What does a worker do when its lease runs out?").id)
            delivery = until(lambda: api.deliveries(webhook, state="delivered").deliveries, "the delivery")[0]
            assert f"{delivery.id} run.completed {{'run': '/v1/runs/{run.id}'}}" in log.read_text()
            assert api.delivery(webhook, delivery.id).log[-1].status == 204
        finally:
            receiver.stop()


def test_the_body_that_the_page_shows_is_one_that_is_sent() -> None:
    (shown,) = blocks(PAGE, "json")
    told = json.loads(shown.text)
    data = {name: told["data"][name] for name in ("run", "workflow", "code")}
    assert told == payload("run.failed", datetime.fromisoformat(told["timestamp"]), data, "https://synapse.example.com")


def test_the_page_names_every_event_and_every_delay() -> None:
    text = PAGE.read_text("utf-8")
    assert set(re.findall(r"`((?:run|schedule|webhook)\.[a-z]+)`", text)) == {*WebhookEvent, TEST_EVENT}
    assert "5 s, 30 s, 2, 10 and 30 min, 1, 2, 4, 8 and 8 h" in text
    assert (5, 30, *(60 * n for n in (2, 10, 30)), *(3600 * n for n in (1, 2, 4, 8, 8))) == DELAYS
