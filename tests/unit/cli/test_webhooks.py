from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("house")
URL = "https://hooks.example.invalid/x"


def test_a_webhook_is_made_and_its_secret_is_all_that_is_on_stdout(synapse: Command) -> None:
    made = synapse("webhooks", "create", URL, "--event", "run.failed", "--description", "pager")
    secret = made.out.removesuffix("\n")
    identifier = made.err.split()[1].rstrip(";")
    assert secret.startswith("whsec_")
    assert secret not in made.err
    assert identifier in synapse("webhooks", "list").out
    shown = synapse("webhooks", "show", identifier)
    assert "pager" in shown.out
    assert "run.failed" in shown.out
    assert secret not in shown.out
    rotated = json.loads(synapse("webhooks", "rotate", identifier, "--overlap", "1", "--json").out)
    assert rotated["secret"] != secret
    assert synapse("webhooks", "disable", identifier).out == f"{identifier} disabled\n"
    assert synapse("webhooks", "enable", identifier).out == f"{identifier} enabled\n"
    assert synapse("webhooks", "delete", identifier).out == f"{identifier} deleted\n"
    assert synapse("webhooks", "show", identifier, "--json").code == 1


def test_a_test_is_delivered_or_not_and_the_log_says_why(synapse: Command) -> None:
    made = json.loads(synapse("webhooks", "create", URL, "--json").out)
    delivery = synapse("webhooks", "test", made["id"]).out.strip()
    assert delivery in synapse("webhooks", "deliveries", made["id"]).out
    found = json.loads(synapse("webhooks", "deliveries", made["id"], "--json").out)["deliveries"]
    assert [each["id"] for each in found] == [delivery]
    assert '"type": "webhook.test"' in synapse("webhooks", "delivery", made["id"], delivery).out
    assert json.loads(synapse("webhooks", "delivery", made["id"], delivery, "--json").out)["id"] == delivery
    assert synapse("webhooks", "redeliver", made["id"], delivery).out == f"{delivery} waiting\n"
    synapse("webhooks", "delete", made["id"])


def test_a_url_that_is_never_posted_to_is_refused_in_one_line(synapse: Command) -> None:
    ended = synapse("webhooks", "create", "http://127.0.0.1/")
    assert (ended.code, ended.out) == (1, "")
    assert "url: this address may not be posted to" in ended.err
