from __future__ import annotations

import pytest

from synapse.tools.memory import MemoryToolbox
from tests.unit.research.factory import MORE_TIDES, TIDES

PAGES = {"https://a.org/tides": TIDES, "https://b.org/why": MORE_TIDES, "https://c.org/empty": "  \n "}


@pytest.fixture
def tools() -> MemoryToolbox:
    """Two pages about tides and an empty one."""
    return MemoryToolbox(pages=PAGES)
