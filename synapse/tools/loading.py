"""Adapters whose library is heavy, known by name and imported with their first use."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any


async def load(name: str) -> Any:
    """What ``package.module:name`` names. Imported on a thread: a large SDK would hold up everything else on the event loop."""
    module, _, attribute = name.partition(":")
    return getattr(await asyncio.to_thread(importlib.import_module, module), attribute)
