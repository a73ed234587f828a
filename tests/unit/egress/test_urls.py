from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.fuzz import urls
from synapse.egress.urls import UrlPolicy, host_of, port_of
from synapse.errors import Permanent

POLICY = UrlPolicy()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://example.com/", "data:text/html,x", "ftp://example.com/", "javascript:alert(1)", "corpus://a/b",
        "http://user@example.com/", "http://user:secret@example.com/", "http://example.com:22/", "https://example.com:80/",
        "http://example.com:443/", "http:///path", "http://", "//example.com/", "example.com", "",
        "http://example.com\\@evil.test/", "http://exam\tple.com/", "http://example.com/\r\nHost: evil", "http://example.com/a b",
        "http://[fe80::1%25eth0]/", "http://exa\u200bmple.com/", "http://[::1", "http://example.com:99999/",
        "http://2130706433/", "http://127.1/", "http://0x7f.1/", "http://0177.0.0.1/", "http://0x/", "http://14.077.50。186/",
        "http://1.2.3.4.5/", "http://a.0x7f/", "http://" + "a" * 5000,
    ],
)  # fmt: skip
def test_a_url_that_is_never_fetched_is_refused(url: str) -> None:
    with pytest.raises(Permanent):
        POLICY.checked(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:443/a?b=c#d",
        "http://[2606:4700::1]/",
        "https://bücher.example/",
        "http://8.8.8.8/",
        "http://4chan.example/",
    ],
)
def test_an_ordinary_url_is_accepted(url: str) -> None:
    assert POLICY.checked(url).scheme in ("http", "https")


def test_a_relative_url_is_resolved_against_its_base_before_it_is_checked() -> None:
    base = httpx.URL("https://example.com/a/b")
    assert str(POLICY.checked("../c", base=base)) == "https://example.com/c"
    with pytest.raises(Permanent):
        POLICY.checked("//user@evil.test/", base=base)


def test_an_operator_may_allow_a_host_on_another_port_and_only_there() -> None:
    policy = UrlPolicy(("wiki.internal:8080", "intranet"))
    url = policy.checked("http://wiki.internal:8080/")
    assert policy.is_allowed_host(url)
    assert policy.is_allowed_host(policy.checked("http://INTRANET./"))
    assert not policy.is_allowed_host(policy.checked("http://wiki.internal/"))
    with pytest.raises(Permanent):
        policy.checked("http://intranet:8080/")


def test_host_and_port_are_what_will_be_dialled() -> None:
    url = httpx.URL("http://[2606:4700::1]/")
    assert (host_of(url), port_of(url)) == ("2606:4700::1", 80)
    assert host_of(httpx.URL("https://Bücher.Example./")) == "xn--bcher-kva.example"


@given(st.lists(st.sampled_from(urls.PIECES), max_size=12).map("".join) | st.randoms().map(urls.make) | st.text(max_size=40))
@example("http://127.0.0.1%2f@example.com/")
@example("http://example.com:80:443/")
@example("http://14.077.50。186:/")
@example("http://[::ffff:7f00:1]/")
@example("http://⑯⑨。②⑤④。⑯⑨｡②⑤④/")
def test_whatever_is_accepted_is_read_alike_by_others_and_leads_nowhere_inside(text: str) -> None:
    urls.check(text)
    urls.check(text, httpx.URL("https://example.com/a/b"))
