from __future__ import annotations

import hmac
from typing import Any

import pytest

from synapse.contracts.principal import OPERATOR, Principal, Scope, Tenant
from synapse.errors import InvalidInput, Unauthorized, Unavailable
from synapse.service import callers as module
from synapse.service.callers import Callers
from synapse.settings import ApiSettings, BrokerSettings, is_loopback
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, JWKS, Issuer
from tests.unit.workbench import Workbench

TOKEN = "a-token-of-some-length"
OIDC = {"api_oidc_issuer": ISSUER, "api_oidc_audience": AUDIENCE, "api_oidc_jwks_url": JWKS}
ACME = Tenant("acme")


def _callers(bench: Workbench, issuer: Issuer | None = None, **settings: Any) -> Callers:
    return Callers(bench.runtime, ApiSettings.model_validate(settings), (issuer or Issuer()).get)


def _key(bench: Workbench, *scopes: Scope) -> str:
    return bench.runtime.database.api_keys.create(ACME, "k", scopes, seconds=60, by="x").key


async def test_while_nothing_is_configured_this_machine_is_the_operator(bench: Workbench) -> None:
    callers = _callers(bench)
    assert callers.open
    assert await callers.principal([]) is OPERATOR


@pytest.mark.parametrize("sent", [b"Bearer wrong", b"Bearer syn_000000000000_" + b"0" * 64, b"Basic eDp5", b""])
async def test_even_then_bad_credentials_are_not_taken_for_none(bench: Workbench, sent: bytes) -> None:
    with pytest.raises(Unauthorized):
        await _callers(bench).principal([sent])


@pytest.mark.parametrize("configured", [{}, {"api_token": TOKEN}, OIDC])
async def test_a_key_stands_for_its_tenant_however_others_come_in(bench: Workbench, configured: dict[str, Any]) -> None:
    found = await _callers(bench, **configured).principal([f"Bearer {_key(bench, Scope.RUNS_READ)}".encode()])
    assert (found.tenant, found.scopes) == (ACME, {Scope.RUNS_READ})


@pytest.mark.parametrize("configured", [{"api_token": TOKEN}, OIDC])
@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b""],
        [TOKEN.encode()],
        [f"Bearer {TOKEN}x".encode()],
        [f"Basic {TOKEN}".encode()],
        [f"Bearer {TOKEN}".encode(), b"Bearer x"],
        [b"Bearer " + b"x" * 20_000],
        [b"Bearer \xff"],
    ],
)
async def test_everything_else_is_refused_alike(bench: Workbench, configured: dict[str, Any], sent: list[bytes]) -> None:
    with pytest.raises(Unauthorized) as caught:
        await _callers(bench, **configured).principal(sent)
    assert str(caught.value) == "A valid bearer token is needed."


async def test_the_operators_token_is_compared_in_constant_time(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = _callers(bench, api_token=TOKEN)
    assert await callers.principal([f"Bearer {TOKEN}".encode()]) is OPERATOR
    # By mutation: were anything else asked, this would change nothing.
    monkeypatch.setattr(module.hmac, "compare_digest", lambda left, right: True)
    assert await callers.principal([b"Bearer wrong"]) is OPERATOR
    monkeypatch.undo()
    assert module.hmac.compare_digest is hmac.compare_digest
    with pytest.raises(Unauthorized):
        await callers.principal([b"Bearer wrong"])


async def test_an_access_token_stands_for_the_tenant_and_the_scopes_it_names(bench: Workbench) -> None:
    issuer = Issuer()
    found = await _callers(bench, issuer, **OIDC).principal([f"Bearer {issuer.token('runs:read openid', tenant='acme')}".encode()])
    assert found == Principal(ACME, "somebody", frozenset({Scope.RUNS_READ}))


async def test_the_claims_are_those_that_the_operator_named(bench: Workbench) -> None:
    issuer = Issuer()
    settings = {**OIDC, "api_oidc_tenant_claim": "org", "api_oidc_scope_claim": "permissions"}
    token = issuer.token("admin", org="acme", tenant="other", permissions=["runs:write"])
    found = await _callers(bench, issuer, **settings).principal([f"Bearer {token}".encode()])
    assert (found.tenant, found.scopes) == (ACME, {Scope.RUNS_WRITE})


@pytest.mark.parametrize(
    "claims",
    [{"tenant": None}, {"tenant": ""}, {"tenant": "A b"}, {"tenant": 7}, {"tenant": "acme", "aud": "https://other.example"}, {"exp": 1}],
)
async def test_a_token_of_no_tenant_or_for_another_audience_is_nobodys(bench: Workbench, claims: dict[str, Any]) -> None:
    issuer = Issuer()
    with pytest.raises(Unauthorized):
        await _callers(bench, issuer, **OIDC).principal([f"Bearer {issuer.token('runs:read', **{'tenant': 'acme', **claims})}".encode()])


async def test_when_the_issuer_does_not_answer_nobody_comes_in_and_that_is_said(bench: Workbench) -> None:
    issuer = Issuer()
    issuer.down = True
    with pytest.raises(Unavailable):
        await _callers(bench, issuer, **OIDC).principal([f"Bearer {issuer.token(tenant='acme')}".encode()])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "api.example"])
def test_off_loopback_credentials_are_demanded(bench: Workbench, host: str) -> None:
    if is_loopback(host):
        assert host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")
        _callers(bench, api_host=host)
    else:
        with pytest.raises(InvalidInput, match="needs a token"):
            _callers(bench, api_host=host)
    assert not _callers(bench, api_host=host, api_token=TOKEN).open
    assert not _callers(bench, api_host=host, **OIDC).open


def test_with_a_broker_credentials_are_demanded_on_loopback_too(bench: Workbench) -> None:
    bench.runtime.broker = BrokerSettings.model_validate({"broker_url": "amqp://127.0.0.1:1"})
    with pytest.raises(InvalidInput) as caught:
        _callers(bench)
    assert caught.value.field == "SYNAPSE_API_TOKEN"
    _callers(bench, api_token=TOKEN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_oidc_issuer": ISSUER},
        {"api_oidc_audience": AUDIENCE},
        {**OIDC, "api_oidc_issuer": "http://x.example"},
        {**OIDC, "api_oidc_jwks_url": "x"},
    ],
)
def test_settings_by_which_no_token_could_be_checked_stop_the_server_at_once(bench: Workbench, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        _callers(bench, **wrong)
