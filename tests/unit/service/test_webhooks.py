from __future__ import annotations

import pytest

from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.webhook import WebhookRequest
from synapse.errors import InvalidInput, NotFound, TooManyWebhooks
from synapse.service.webhooks import WebhookDesk
from synapse.settings import WebhookSettings
from tests.unit.workbench import Workbench

URL = "https://hooks.example.com/x"


def desk(bench: Workbench, tenant: str = "default", *hosts: str, most: int = 20) -> WebhookDesk:
    settings = WebhookSettings(webhook_allowed_hosts=hosts, webhook_max=most)
    return WebhookDesk(bench.runtime, Principal(Tenant(tenant), "anna", frozenset({Scope.ADMIN})), settings)


def test_each_webhook_has_a_secret_of_its_own_which_is_shown_once(bench: Workbench) -> None:
    made = [desk(bench).create(WebhookRequest(url=URL)) for _ in range(2)]
    assert made[0].secret != made[1].secret
    assert [each.id for each in desk(bench).list().webhooks] == [each.id for each in made]
    assert made[0].secret not in desk(bench).get(made[0].id).model_dump_json()
    rotated = desk(bench).rotate(made[0].id, 60.0)
    assert rotated.secret not in (made[0].secret, made[1].secret)


@pytest.mark.parametrize(
    "url",
    ["ftp://hooks.example.com/", "https://user:secret@hooks.example.com/", "https://hooks.example.com:8443/", "http://127.0.0.1/",
     "http://10.1.2.3/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/", "http://0177.0.0.1/", "nonsense", ""],
)  # fmt: skip
def test_a_url_that_is_never_posted_to_is_refused_when_it_is_given(bench: Workbench, url: str) -> None:
    kept = desk(bench).create(WebhookRequest(url=URL))
    for ask in (desk(bench).create, lambda request: desk(bench).replace(kept.id, request)):
        with pytest.raises(InvalidInput) as caught:
            ask(WebhookRequest(url=url))
        assert caught.value.field == "url"
    assert [each.url for each in desk(bench).list().webhooks] == [URL]


def test_the_operator_may_list_hosts_of_the_own_network(bench: Workbench) -> None:
    made = desk(bench, "default", "10.1.2.3:9000", "hooks.intern").create(WebhookRequest(url="http://10.1.2.3:9000/x"))
    assert made.url == "http://10.1.2.3:9000/x"
    assert desk(bench, "default", "hooks.intern").create(WebhookRequest(url="http://hooks.intern/x")).enabled


def test_a_tenant_has_as_many_webhooks_as_it_may(bench: Workbench) -> None:
    desk(bench, most=1).create(WebhookRequest(url=URL))
    with pytest.raises(TooManyWebhooks) as caught:
        desk(bench, most=1).create(WebhookRequest(url=URL))
    assert caught.value.field == "SYNAPSE_WEBHOOK_MAX"
    desk(bench, "other", most=1).create(WebhookRequest(url=URL))


def test_a_webhook_is_disabled_and_enabled_and_keeps_what_it_is(bench: Workbench) -> None:
    made = desk(bench).create(WebhookRequest(url=URL, description="d"))
    off = desk(bench).enable(made.id, False)
    on = desk(bench).enable(made.id, True)
    assert (off.enabled, on.enabled, on.url, on.description, on.events) == (False, True, URL, "d", made.events)


def test_a_test_can_be_sent_looked_at_and_sent_again(bench: Workbench) -> None:
    made = desk(bench).create(WebhookRequest(url=URL))
    sent = desk(bench).test(made.id)
    found = desk(bench).delivery(made.id, sent.id)
    assert (found.body["type"], found.body["data"]["webhook"], found.log) == ("webhook.test", made.id, ())
    assert desk(bench).redeliver(made.id, sent.id).id == sent.id
    assert [each.id for each in desk(bench).deliveries(made.id).deliveries] == [sent.id]


def test_another_tenants_webhook_is_like_none(bench: Workbench) -> None:
    made = desk(bench, "acme").create(WebhookRequest(url=URL))
    sent = desk(bench, "acme").test(made.id)
    stranger = desk(bench, "other")
    for ask in (
        stranger.get,
        stranger.delete,
        stranger.test,
        stranger.deliveries,
        lambda webhook: stranger.enable(webhook, False),
        lambda webhook: stranger.rotate(webhook, 0.0),
        lambda webhook: stranger.replace(webhook, WebhookRequest(url=URL)),
        lambda webhook: stranger.delivery(webhook, sent.id),
        lambda webhook: stranger.redeliver(webhook, sent.id),
    ):
        with pytest.raises(NotFound):
            ask(made.id)
    assert stranger.list().webhooks == ()
    desk(bench, "acme").delete(made.id)
    assert desk(bench, "acme").list().webhooks == ()
