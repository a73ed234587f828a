"""The same on PostgreSQL."""

from __future__ import annotations

from tests.unit.state.test_step_queries import *  # noqa: F403 - every test of that file, over this folder's databases
