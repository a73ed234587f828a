from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from synapse.contracts.bulk import BulkRequest


@pytest.mark.parametrize("body", [{}, {"ids": ["a"], "filter": {}}, {"ids": []}, {"ids": ["a b"]}, {"filter": {"colour": "red"}}])
def test_it_is_either_ids_or_a_filter_and_nothing_never_means_everything(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BulkRequest.model_validate(body)


def test_an_empty_filter_that_is_said_matches_every_run() -> None:
    wanted = BulkRequest.model_validate({"filter": {}}).filter
    assert wanted is not None
    assert wanted.model_dump(exclude_defaults=True) == {}
