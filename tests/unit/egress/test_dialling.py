from __future__ import annotations

import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fuzz import urls
from synapse.egress.dialling import Dialler
from synapse.egress.refused import Refused
from synapse.egress.urls import UrlPolicy
from synapse.errors import Transient
from tests.unit.mcp_servers.test_fetch import PUBLIC, Names, Wire, _answers, _page
from tests.waiting import PATIENCE


def _dialler(wire: Wire, names: Names | None = None, allowed: tuple[str, ...] = ()) -> Dialler:
    return Dialler(UrlPolicy(allowed), names or Names(), lambda _: wire)


async def test_a_request_has_the_hosts_name_and_no_credentials_and_asks_for_one_connection() -> None:
    wire = _answers(_page())
    url = httpx.URL("https://user:secret@Example.com/a#b")
    response = await _dialler(wire).send(url, [PUBLIC], {"x-mine": "1"}, PATIENCE, method="POST", content=b"{}")
    await response.aclose()
    (request,) = wire.requests
    assert (request.method, str(request.url)) == ("POST", f"https://{PUBLIC}/a")
    assert (request.headers["host"], request.extensions["sni_hostname"]) == ("example.com", "example.com")
    assert (request.headers["x-mine"], request.headers["connection"], request.content) == ("1", "close", b"{}")
    assert {"authorization", "cookie"}.isdisjoint(request.headers)
    assert wire.closed == 1


async def test_a_name_with_hundreds_of_records_is_not_dialled_hundreds_of_times() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    wire = Wire(refuse)
    with pytest.raises(Transient, match="no connection"):
        await _dialler(wire).send(httpx.URL("http://example.com/"), [PUBLIC] * 300, {}, PATIENCE)
    assert len(wire.requests) == wire.closed == 8


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "169.254.170.2", "fe80::a9fe:a9fe", "fe80::1%eth0", "::ffff:169.254.1.1", "fd00:ec2::254"]
)
async def test_where_clouds_hand_out_credentials_nobody_is_allowed(address: str) -> None:
    with pytest.raises(Refused) as refused:
        await _dialler(_answers(_page()), Names([address]), ("inside.example",)).addresses(httpx.URL("http://inside.example/"))
    assert address not in str(refused.value)


async def test_an_allowed_host_with_a_port_is_allowed_there_only() -> None:
    dialler = _dialler(_answers(_page()), Names(["10.0.0.1"]), ("inside.example:8080",))
    assert await dialler.addresses(httpx.URL("http://inside.example:8080/")) == ["10.0.0.1"]
    with pytest.raises(Refused):
        await dialler.addresses(httpx.URL("http://inside.example/"))


async def test_certificates_are_verified_and_the_environment_has_no_say() -> None:
    seen: list[ssl.SSLContext] = []

    def remember(context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
        seen.append(context)
        return _answers(_page())

    dialler = Dialler(UrlPolicy(), Names(), remember)
    for _ in range(2):
        await (await dialler.send(httpx.URL("https://example.com/"), [PUBLIC], {}, PATIENCE)).aclose()
    assert seen[0] is seen[1]
    assert seen[0].verify_mode == ssl.CERT_REQUIRED
    assert seen[0].check_hostname


_EMBEDDED = st.randoms().map(lambda source: urls.embedded(source).strip("[]"))


@given(st.lists(st.ip_addresses().map(str) | _EMBEDDED, max_size=4))
def test_no_name_is_dialled_one_of_whose_records_is_not_public(found: list[str]) -> None:
    urls.check_addresses(found)
