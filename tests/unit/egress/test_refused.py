from __future__ import annotations

import pytest

from synapse.egress.dialling import Dialler
from synapse.egress.refused import Refused
from synapse.egress.urls import UrlPolicy
from synapse.mcp_servers import refusals
from synapse.mcp_servers.metrics import RULES
from synapse.mcp_servers.sniffing import look


def test_whoever_refuses_names_a_rule_that_metrics_know() -> None:
    for kind in (Refused, refusals.BadPath, refusals.NotPlain, refusals.TooLarge, refusals.ReadOnly, refusals.OverQuota):
        error = kind()
        assert error.rule in RULES
        assert (error.retryable, error.status) == (False, 422)
    with pytest.raises(Refused) as by_url:
        UrlPolicy().checked("file:///etc/passwd")
    with pytest.raises(Refused) as by_type:
        look(b"\x89PNG\r\n\x1a\n")
    assert (by_url.value.rule, by_type.value.rule) == ("url", "type")


async def test_an_address_that_may_not_be_dialled_is_refused_by_that() -> None:
    url = UrlPolicy().checked("http://127.0.0.1/")
    with pytest.raises(Refused) as refused:
        await Dialler(UrlPolicy()).addresses(url)
    assert (refused.value.rule, refused.value.rule in RULES) == ("address", True)
