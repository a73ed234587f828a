"""`tests/unit/state/test_webhooks.py`, asked of both databases."""

from __future__ import annotations

from tests.unit.state.test_webhooks import *  # noqa: F403
