"""The same on PostgreSQL."""

from __future__ import annotations

from tests.unit.state.test_usage import *  # noqa: F403 - every test of that file, over this folder's databases
