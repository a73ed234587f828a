"""A look at the broker, for health checks."""

from __future__ import annotations

import kombu

from synapse.errors import Unavailable


def check_broker(url: str) -> None:
    """Raise Unavailable when the broker does not let us in."""
    if url.startswith("memory://"):
        return
    try:
        with kombu.Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
    except Exception as error:  # kombu's transports raise whatever their libraries do
        raise Unavailable(f"the broker does not answer: {type(error).__name__}: {error}"[:300]) from error
