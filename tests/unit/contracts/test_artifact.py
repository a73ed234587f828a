from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.artifact import ArtifactView


def test_a_file_is_known_by_its_sha256() -> None:
    with pytest.raises(ValidationError, match="sha256"):
        ArtifactView.model_validate({"name": "report.md", "media_type": "text/markdown", "bytes": 1})
