from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from synapse.errors import InvalidInput, Permanent, StepError, Transient
from synapse.mcp_servers.providers.base import Limited
from synapse.mcp_servers.providers.client import ApiClient, contact_headers, header_value, json_object, retry_after
from tests.unit.mcp_servers.providers.loopback import BAD, Bad, as_json, http, serving

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


async def test_what_is_asked_goes_below_the_base_with_headers_of_the_caller_and_no_cookies() -> None:
    async with serving(http(b'{"a": 1}', set_cookie="a=b")) as site:
        client = ApiClient(f"{site.url}/base/?x=1#y", headers={"x-key": "secret"})
        assert await client.get_json("/search", {"q": "a b&c"}) == {"a": 1}
        assert await client.post_json("/search", {"q": "x"}) == {"a": 1}
    get, post = site.asked
    assert (get.method, get.path, get.params) == ("GET", "/base/search", {"q": "a b&c"})
    assert (post.method, post.body) == ("POST", b'{"q":"x"}')
    assert get.headers["x-key"] == post.headers["x-key"] == "secret"
    assert get.headers["accept"] == "application/json"
    assert "cookie" not in post.headers


async def test_a_packed_answer_is_unpacked() -> None:
    async with serving(http(gzip.compress(b'{"a": 1}'), content_encoding="gzip")) as site:
        assert await ApiClient(site.url).get_json("/") == {"a": 1}


@pytest.mark.parametrize("bad", [bad for bad in BAD if "XML" not in bad.words], ids=lambda bad: bad.name)
async def test_a_bad_answer_is_an_error_of_its_kind(bad: Bad) -> None:
    async with serving(bad.raw) as site:
        with pytest.raises(bad.kind, match=bad.words) as caught:
            await ApiClient(site.url, bad.seconds).get("/")
    if isinstance(caught.value, Limited):
        assert caught.value.pause in (None, 7.0, 9.0)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(as_json({})) as site:
        assert await ApiClient(site.url).get_json("/") == {}


async def test_nobody_there_is_transient() -> None:
    async with serving(b"") as site:
        pass
    with pytest.raises(Transient, match="ConnectError"):
        await ApiClient(site.url).get("/")
    with pytest.raises(Transient, match="ConnectError"):
        await ApiClient(site.url).status("/", 1.0)


async def test_a_name_and_password_of_the_base_go_into_a_header(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(as_json({})) as site:
        await ApiClient(site.url.replace("//", "//me:p%40ss@")).get("/search")
    assert site.asked[0].headers["authorization"] == "Basic bWU6cEBzcw=="
    assert "p%40ss" not in caplog.text
    assert "p@ss" not in caplog.text


async def test_a_status_is_told_without_reading_on() -> None:
    async with serving(b"HTTP/1.1 503 x\r\ncontent-length: 99\r\n\r\n") as site:
        assert await ApiClient(site.url).status("/healthz", 1.0) == 503
    async with serving(None) as site:
        with pytest.raises(Transient, match="TimeoutError"):
            await ApiClient(site.url).status("/healthz", 0.05)


@pytest.mark.parametrize("url", ["ftp://example.org", "example.org", "http://", "http://[::1", ""])
def test_a_base_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        ApiClient(url)


def test_a_key_is_stripped_and_one_that_no_header_can_hold_is_refused() -> None:
    assert header_value(SecretStr(" abc\n"), "SYNAPSE_X_KEY") == "abc"
    for value in ("", " ", "a b", "a\nb", "é"):
        with pytest.raises(InvalidInput, match="SYNAPSE_X_KEY is"):
            header_value(SecretStr(value), "SYNAPSE_X_KEY")


def test_a_contact_is_told_only_when_there_is_one() -> None:
    assert contact_headers(None) == contact_headers("") == {}
    assert "mailto:a@b.org" in contact_headers("a@b.org")["user-agent"]


@pytest.mark.parametrize(
    "body", [b'{"a": NaN}', b'{"a": Infinity}', b"[1]", b'"x"', b"1", b"null", b"{} {}", b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_object_is_permanent(body: bytes) -> None:
    with pytest.raises(Permanent):
        json_object(body)


@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_an_object_or_an_error(body: bytes) -> None:
    try:
        assert isinstance(json_object(body), dict)
    except StepError:
        return


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_a_pause_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_it(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or found >= 0
