from __future__ import annotations

from synapse.contracts.catalogue import Source, VersionView


def test_what_is_the_operators_has_no_maker_and_what_is_a_tenants_has_one() -> None:
    assert {source.value for source in Source} == {"builtin", "file", "tenant"}
    assert VersionView(version=1, digest="d").created_by is None
