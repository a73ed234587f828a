from __future__ import annotations

from typing import Any

import pytest

from synapse.api.mcp_face.call import Call, attach, call_of
from synapse.contracts.principal import OPERATOR
from synapse.service.service import Service


def test_a_request_has_the_call_that_was_noted_and_none_is_done_for_nobody(service: Service) -> None:
    scope: dict[str, Any] = {}
    with pytest.raises(LookupError):
        call_of(scope)
    call = Call(service, OPERATOR)
    attach(scope, call)
    assert call_of(scope) is call
