"""`tests/unit/state/test_schedules.py`, asked of both databases."""

from __future__ import annotations

from tests.unit.state.test_schedules import *  # noqa: F403
