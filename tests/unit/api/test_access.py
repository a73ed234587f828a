"""Every route of the API is tried with another tenant's ids.

A route that is new fails here until it is classified, and from then on it is tried too.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from synapse.api import access
from synapse.api.access import OPEN, ROUTES, Access, check_classified, routes_of
from synapse.api.app import create_app
from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.contracts.schedule import ScheduleRequest
from synapse.contracts.webhook import WebhookRequest
from synapse.settings import ApiSettings
from tests.unit.workbench import QUESTION, Workbench

TOKEN = "a-token-of-some-length"
ACME, OTHER = Tenant("acme"), Tenant("other")
OWNED = [route for route, each in ROUTES.items() if each.owned is not None]
GUARDED = [route for route, each in ROUTES.items() if each.scope is not None]
DEFAULTS = {"name": "main.js", "file": "reference.js", "code": "not-found"}
OWN = {"name": "acmes-flow", "do": {"step": "say", "agent": "echo", "with": {"text": "'x'"}}}
# What a request must bring along to come as far as looking for the thing.
SCHEDULE = {"name": "nightly", "cron": "0 3 * * *", "run": {"question": QUESTION}}
HOOK = {"url": "https://hooks.example.com/x"}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/runs"): {"question": QUESTION},
    ("POST", "/v1/runs/cancel"): {"ids": ["nothing"]},
    ("POST", "/v1/runs/resume"): {"ids": ["nothing"]},
    ("PATCH", "/v1/runs/{run}/labels"): {"team": "sales"},
    ("POST", "/v1/workflows"): OWN,
    ("POST", "/v1/workflows/validate"): OWN,
    ("POST", "/v1/keys"): {"name": "x"},
    ("POST", "/v1/schedules"): SCHEDULE,
    ("POST", "/v1/schedules/preview"): {"cron": "0 3 * * *"},
    ("PUT", "/v1/schedules/{schedule}"): {**SCHEDULE, "name": "other"},
    ("POST", "/v1/webhooks"): HOOK,
    ("PUT", "/v1/webhooks/{webhook}"): HOOK,
}
QUERIES = {("GET", "/v1/workflows/{workflow}/diff"): {"before": 1, "after": 1}}
# Its body only says what is asked for.
READING = {("POST", "/v1/schedules/preview"), ("POST", "/v1/workflows/validate"), ("POST", "/mcp"), ("POST", "/mcp/")}
# Paths whose parameter names what is everybody's.
NOBODYS = {("GET", "/v1/agents/{name}")}
# What belongs to somebody, by the name that paths have for it.
THINGS = ("run", "key", "schedule", "webhook", "workflow")
LISTS = [route for route, each in ROUTES.items() if route[0] == "GET" and "{" not in route[1] and each.scope is Scope.RUNS_READ]


@dataclass
class Town:
    """Two tenants at one API: one has a finished run and a key, the other wants to see them."""

    bench: Workbench
    app: FastAPI
    client: httpx.AsyncClient
    things: dict[str, str]

    def key(self, tenant: Tenant, *scopes: Scope) -> dict[str, str]:
        made = self.bench.runtime.database.api_keys.create(tenant, "k", scopes, seconds=60, by="x")
        return {"Authorization": f"Bearer {made.key}"}

    async def ask(self, route: tuple[str, str], headers: dict[str, str], **names: str) -> httpx.Response:
        method, path = route
        url = re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], DEFAULTS.get(match[1], "nothing")), path)
        return await self.client.request(method, url, headers=headers, json=BODIES.get(route), params=QUERIES.get(route))

    def state(self) -> str:
        """Everything that a call could have changed, but for when a key was used last."""
        rows = self.bench.runtime.database.driver.rows
        keys = rows("SELECT id, expires_at, revoked_at FROM api_key WHERE tenant = 'acme' ORDER BY id", {})
        tables = (
            "run ORDER BY id",
            "event ORDER BY run, seq",
            "schedule ORDER BY id",
            "firing ORDER BY schedule, due",
            "webhook ORDER BY id",
            "delivery ORDER BY id",
            "definition",
        )
        return repr([*(rows(f"SELECT * FROM {table}", {}) for table in tables), keys])


@pytest.fixture(scope="module")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, FastAPI, dict[str, str]]]:
    # One for all tests here: most of them show that nothing changes.
    bench = Workbench(tmp_path_factory.mktemp("town"))
    theirs = bench.service.acting_for(Principal(ACME, "anna", frozenset({Scope.ADMIN})))
    run = theirs.runs.submit(RunRequest(question=QUESTION), idempotency_key="theirs").run.id
    bench.work()
    snapshot = asyncio.run(theirs.reports.json(theirs.runs.get(run))).snapshots[0].id
    key = bench.runtime.database.api_keys.create(ACME, "theirs", [Scope.RUNS_READ], seconds=None, by="anna").id
    theirs.runs.relabel(run, {"team": "acmes-secret"})
    workflow = theirs.workflows.create(OWN)[0].name
    app = create_app(bench.service, ApiSettings.model_validate({"api_token": TOKEN}))
    yield (
        bench,
        app,
        {"run": run, "key": key, "snapshot": snapshot, "step": "plan", "artifact": "report.md", "workflow": workflow, "version": "1"},
    )
    bench.close()


@pytest.fixture
async def town(_town: tuple[Workbench, FastAPI, dict[str, str]]) -> AsyncIterator[Town]:
    bench, app, things = _town
    # A schedule or a webhook can be deleted, so each test has one of its own.
    theirs = bench.service.acting_for(Principal(ACME, "anna", frozenset({Scope.ADMIN})))
    for each in theirs.schedules.list().schedules:
        theirs.schedules.delete(each.id)
    for each in theirs.webhooks.list().webhooks:
        theirs.webhooks.delete(each.id)
    hook = theirs.webhooks.create(WebhookRequest.model_validate(HOOK)).id
    schedule = theirs.schedules.create(ScheduleRequest.model_validate(SCHEDULE)).id
    things = {**things, "schedule": schedule, "webhook": hook, "delivery": theirs.webhooks.test(hook).id}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        yield Town(bench, app, client, things)


def test_every_route_has_a_class_and_every_class_a_route(town: Town) -> None:
    assert routes_of(town.app) == ROUTES.keys()


def test_an_application_with_a_route_that_nobody_has_classified_cannot_be_made(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ROUTES, ("POST", "/v1/runs/{run}/cancel"))
    with pytest.raises(LookupError, match="cancel"):
        create_app(town.bench.service, ApiSettings())


def test_hidden_routes_and_mounts_are_routes_too(town: Town) -> None:
    app = create_app(town.bench.service, ApiSettings())
    app.add_api_route("/v1/forgotten", lambda: None, include_in_schema=False)
    app.mount("/pages", FastAPI())
    with pytest.raises(LookupError, match=r"'/pages'.*'/v1/forgotten'"):
        check_classified(app)


def test_a_path_that_names_a_thing_is_classed_as_somebodys_or_said_to_be_nobodys() -> None:
    for route, each in ROUTES.items():
        named = re.findall(r"\{(\w+)\}", route[1])
        if each.owned is not None:
            assert named[0] == each.owned, route
        else:
            assert not named or each.scope in (None, Scope.OPERATOR) or route in NOBODYS, route


def test_what_a_path_names_has_one_meaning_wherever_it_is() -> None:
    """A route with a run in its path cannot be said to be about a key, or about nothing of anybody's."""
    kinds = {each.owned for each in ROUTES.values() if each.owned}
    for (_, path), each in ROUTES.items():
        for name in kinds & set(re.findall(r"\{(\w+)\}", path)):
            assert each.owned == name, path


@pytest.mark.parametrize("route", OWNED, ids=" ".join)
async def test_another_tenants_thing_is_answered_like_one_that_never_was(town: Town, route: tuple[str, str]) -> None:
    owned = ROUTES[route].owned or ""
    stranger = town.key(OTHER, Scope.ADMIN)
    # One that has ended and one under way: to cancel the first would change nothing.
    theirs = town.bench.service.acting_for(Principal(ACME, "anna", frozenset({Scope.ADMIN})))
    under_way = theirs.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run.id
    before = town.state()
    said = []
    for name in (town.things[owned], under_way, str(uuid.uuid4()), "nothing"):
        answer = await town.ask(route, stranger, **{**town.things, owned: name})
        headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
        said.append((answer.status_code, headers, answer.text.replace(name, "*")))
    assert said[0][0] == 404
    assert said[0] == said[1] == said[2] == said[3]
    assert town.state() == before


@pytest.mark.parametrize("route", OWNED, ids=" ".join)
async def test_ones_own_thing_is_there(town: Town, route: tuple[str, str]) -> None:
    """Or the test above would pass where nothing is ever found."""
    answer = await town.ask(route, town.key(ACME, Scope.ADMIN), **town.things)
    if route[1].endswith("/signals/{name}"):
        assert answer.json()["field"] == "name", "the run is found; what it does not wait for is not"
        return
    assert answer.status_code != 404, answer.text
    assert answer.status_code < 300 or answer.status_code == 409, answer.text


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
async def test_a_key_without_the_scope_is_refused_in_the_same_words_whatever_it_names(town: Town, route: tuple[str, str]) -> None:
    each = ROUTES[route]
    scopes = [scope for scope in Scope if not Principal(ACME, "x", frozenset({scope})).allows(each.scope or scope)]
    weak = town.key(ACME, *scopes)
    before = town.state()
    said = set()
    for name in (*map(town.things.get, THINGS), "nothing"):
        answer = await town.ask(route, weak, **{**town.things, each.owned or "": name})
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")
        assert f'scope="{each.scope}"' in answer.headers["www-authenticate"]
        said.add(answer.text.replace(name, "*").replace("nothing", "*"))
    assert len(said) == 1
    assert town.state() == before


@pytest.mark.parametrize("kind", ["none", "expired", "revoked", "unknown", "in the address"])
async def test_without_a_good_key_every_guarded_route_says_the_same(town: Town, kind: str) -> None:
    database = town.bench.runtime.database
    made = database.api_keys.create(ACME, "k", [Scope.OPERATOR], seconds=60, by="x")
    headers = {"Authorization": f"Bearer {made.key}"}
    if kind == "expired":
        database.driver.rows("UPDATE api_key SET expires_at = {in:ago} WHERE id = :id", {"ago": -1.0, "id": made.id})
    if kind == "revoked":
        database.api_keys.revoke(ACME, made.id)
    if kind == "unknown":
        headers = {"Authorization": f"Bearer syn_{'0' * 12}_{'0' * 64}"}
    if kind == "none":
        headers = {}
    if kind == "in the address":
        headers = {}
        town.client.params = httpx.QueryParams({"token": made.key, "access_token": made.key, "api_key": made.key, "key": made.key})
    for route in GUARDED:
        answer = await town.ask(route, headers, **town.things)
        assert (answer.status_code, answer.json()["detail"]) == (401, "A valid bearer token is needed."), route
        assert answer.headers["www-authenticate"] == 'Bearer realm="synapse"' + (', error="invalid_token"' if headers else "")


@pytest.mark.parametrize("route", [route for route, each in ROUTES.items() if each is OPEN], ids=" ".join)
async def test_what_is_open_needs_no_credentials(town: Town, route: tuple[str, str]) -> None:
    assert (await town.ask(route, {})).status_code in (200, 503)


async def test_a_route_that_lost_its_class_at_run_time_is_the_operators_only(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "ROUTES", {})
    monkeypatch.setattr("synapse.api.security.ROUTES", {})
    assert (await town.client.get("/v1/runs", headers=town.key(ACME, Scope.ADMIN))).status_code == 403
    assert (await town.client.get("/v1/runs", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200


@pytest.mark.parametrize("route", LISTS, ids=" ".join)
async def test_no_list_names_anything_of_another_tenants(town: Town, route: tuple[str, str]) -> None:
    secrets = [town.things[name] for name in ("run", "key", "snapshot")] + ["acmes-secret", f'"{OWN["name"]}"']
    said = (await town.ask(route, town.key(Tenant("third"), Scope.ADMIN))).text
    assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize("action", ["cancel", "resume"])
async def test_of_many_runs_another_tenants_are_answered_like_ones_that_never_were(town: Town, action: str) -> None:
    stranger, before = town.key(OTHER, Scope.ADMIN), town.state()
    said = []
    for name in (town.things["run"], str(uuid.uuid4())):
        answer = await town.client.post(f"/v1/runs/{action}", headers=stranger, json={"ids": [name]})
        said.append((answer.status_code, answer.text.replace(name, "*")))
    assert said[0] == said[1]
    found = await town.client.post(f"/v1/runs/{action}", headers=stranger, json={"filter": {"label": ["team:acmes-secret"]}})
    assert found.json() == {"items": [], "next": None}
    assert town.state() == before


async def test_lists_and_idempotency_keys_are_a_tenants_own(town: Town) -> None:
    stranger, owner = town.key(OTHER, Scope.ADMIN), town.key(ACME, Scope.ADMIN)
    assert (await town.client.get("/v1/runs", headers=stranger)).json() == {"runs": [], "next": None}
    assert town.things["run"] in [run["id"] for run in (await town.client.get("/v1/runs", headers=owner)).json()["runs"]]
    body = {"question": QUESTION + " And why?"}
    made = await town.client.post("/v1/runs", headers={**stranger, "Idempotency-Key": "theirs"}, json=body)
    assert (made.status_code, made.headers["idempotency-replayed"]) == (202, "false")
    same = await town.client.post("/v1/runs", headers={**owner, "Idempotency-Key": "theirs"}, json={"question": QUESTION})
    assert (same.status_code, same.json()["id"]) == (200, town.things["run"])
    clash = await town.client.post("/v1/runs", headers={**owner, "Idempotency-Key": "theirs"}, json=body)
    assert clash.status_code == 409


async def test_a_page_of_another_tenants_list_leads_to_nothing_of_theirs(town: Town) -> None:
    owner = town.key(ACME, Scope.ADMIN)
    await town.client.post("/v1/runs", headers=owner, json={"question": QUESTION})
    stranger = town.key(Tenant("third"), Scope.ADMIN)
    cursor = (await town.client.get("/v1/runs", headers=owner, params={"limit": 1})).json()["next"]
    answer = await town.client.get("/v1/runs", headers=stranger, params={"cursor": cursor})
    assert answer.json() == {"runs": [], "next": None}


def test_an_access_without_a_scope_is_open_and_nothing_else_is() -> None:
    assert Access(None) == OPEN
    assert {path for (_, path), each in ROUTES.items() if each.scope is None} == {
        "/",
        "/console/{name}",
        "/openapi.json",
        "/docs",
        "/docs/{file}",
        "/healthz",
        "/readyz",
        "/problems/{code}",
    }


def test_what_changes_something_needs_more_than_a_scope_for_reading() -> None:
    for (method, path), each in ROUTES.items():
        if method != "GET" and (method, path) not in READING:
            wanted = (
                {Scope.RUNS_WRITE}
                if path.startswith(("/v1/runs", "/v1/schedules"))
                else {Scope.WORKFLOWS_WRITE, Scope.ADMIN, Scope.OPERATOR}
            )
            assert each.scope in wanted, (method, path)
