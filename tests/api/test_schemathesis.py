from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.fuzzing import fuzz
from tests.api.served import served


@pytest.mark.timeout(600)
@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "embedded"])
def test_whatever_is_sent_is_answered_as_the_document_says(tmp_path: Path, with_key: bool) -> None:
    with served(tmp_path / "home", with_key=with_key) as api:
        found = fuzz(api, tmp_path, examples=2, seconds=None, seed=1)
    assert found.failures == 0, found.text
    assert found.operations > 45
    assert found.cases > 100
