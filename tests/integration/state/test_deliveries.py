"""`tests/unit/state/test_deliveries.py`, asked of both databases."""

from __future__ import annotations

from tests.unit.state.test_deliveries import *  # noqa: F403
