"""`tests/unit/state/test_firings.py`, asked of both databases."""

from __future__ import annotations

from tests.unit.state.test_firings import *  # noqa: F403
