"""API keys in the console: made, shown once, used, rotated, revoked; and what a key without the scope sees."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
TOKEN = "a-token-of-this-test"


@pytest.fixture
def closed(api: Api) -> Iterator[Api]:
    """An API that wants a token."""
    closed = Api(token=TOKEN)
    yield closed
    closed.stop()


def signed_in(visit: Open, api: Api, place: str, token: str = TOKEN) -> Page:
    page = visit(place, url=api.url)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    return page


def status(api: Api, key: str) -> int:
    """What the API says to a key."""
    try:
        with urllib.request.urlopen(urllib.request.Request(api.url + "v1/runs", headers={"Authorization": f"Bearer {key}"})) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_key_is_made_shown_once_rotated_and_revoked(visit: Open, closed: Api) -> None:
    page = signed_in(visit, closed, "keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("What it is for").fill("<b>nightly</b>")
    page.get_by_label("runs:write").uncheck()
    page.get_by_label("Days until it expires").fill("7")
    page.get_by_role("button", name="Make the key").click()
    secret = page.get_by_label("The key <b>nightly</b>")
    expect(secret).to_be_focused()
    first = secret.input_value()
    assert (first.startswith("syn_"), status(closed, first)) == (True, 200)
    (made,) = [each for each in closed.ask("v1/keys")["keys"] if each["id"] == first.split("_")[1]]
    assert (made["name"], made["scopes"], bool(made["expires_at"])) == ("<b>nightly</b>", ["runs:read"], True)
    page.get_by_role("button", name="I have it").click()
    expect(secret).not_to_be_visible()
    page.reload()
    row = page.get_by_role("row").filter(has_text=made["id"])
    expect(row).to_contain_text("works")
    assert first not in page.content()
    row.get_by_role("button", name="Rotate").click()
    page.get_by_label("The old one stops working").select_option("at once")
    page.get_by_role("button", name="Rotate it").click()
    second = secret.input_value()
    assert (status(closed, first), status(closed, second)) == (401, 200)
    page.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row").filter(has_text=second.split("_")[1])
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(row).to_contain_text("revoked")
    assert status(closed, second) == 401


def test_a_key_is_made_by_the_keyboard_alone(visit: Open, closed: Api) -> None:
    page = signed_in(visit, closed, "keys")
    page.get_by_role("button", name="New key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("What it is for")).to_be_focused()
    page.keyboard.type("by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_label("The key by hand")).to_be_focused()


def test_what_the_api_refuses_of_a_key_is_told_where_it_was_asked(visit: Open, closed: Api) -> None:
    page = signed_in(visit, closed, "keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("What it is for").fill("nothing")
    for scope in ("runs:read", "runs:write"):
        page.get_by_label(scope).uncheck()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("alert")).to_contain_text("scopes")
    page.get_by_label("runs:read").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("The key nothing")).to_be_visible()


def test_a_key_without_the_scope_is_told_what_it_lacks_and_can_be_changed_for_another(visit: Open, closed: Api) -> None:
    reader = closed.ask("v1/keys", {"name": "reader", "scopes": ["runs:read"]})["key"]
    page = signed_in(visit, closed, "keys", reader)
    expect(page.get_by_role("alert")).to_contain_text("lack the scope admin")
    page.goto(closed.url + "#/queues")
    expect(page.get_by_role("alert")).to_contain_text("lack the scope metrics:read")
    page.goto(closed.url + "#/workflows/_check")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Valid")).to_be_visible()
    page.get_by_role("button", name="Keep as a version").click()
    expect(page.get_by_role("alert")).to_contain_text("lack the scope workflows:write")
    page.get_by_role("link", name="Use another key").click()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("row").filter(has_text="reader").first).to_be_visible()
