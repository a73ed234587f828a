from __future__ import annotations

import ipaddress

import pytest

from synapse.egress.addresses import embedded_ipv4, is_metadata, refusal

NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.0.1 169.254.169.254 169.254.1.1 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 fe80::1
fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 100::1 2001:db8::1 3fff::1 5f00::1 3ffe::1 2001::1 2001:20::1 2001:2::1
2002:7f00:1:: 2002:808:808:: 2620:4f:8000::1 4000::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::8.8.8.8 64:ff9b::7f00:1
64:ff9b::808:808 64:ff9b:1::a00:1 64:ff9b:1:7f00:0:100:: 2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:192.168.0.1
not-an-address 127.1 0x7f.1
""".split()  # noqa: SIM905 - one address per line would fill a page
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "192.0.1.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "2001:4860:4860::8888",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:0:10.0.0.1", "10.0.0.1"),
        ("::10.0.0.1", "10.0.0.1"),
        ("64:ff9b::10.0.0.1", "10.0.0.1"),
        ("64:ff9b:1:a00:0:100::", "10.0.0.1"),
        ("64:ff9b:1::10.0.0.1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "10.0.0.1"),
        ("2606:4700::5efe:a00:1", "10.0.0.1"),
    ],
)
def test_an_ipv4_address_inside_an_ipv6_address_is_seen(outer: str, inner: str) -> None:
    assert embedded_ipv4(ipaddress.IPv6Address(outer)) == ipaddress.IPv4Address(inner)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254"]
)
def test_metadata_services_are_known(address: str) -> None:
    assert is_metadata(address)


def test_an_ordinary_private_address_is_no_metadata_service() -> None:
    assert not is_metadata("10.0.0.1")
    assert not is_metadata("fd00::1")
    assert not is_metadata("nonsense")
