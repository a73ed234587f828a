"""A connection to the broker, for looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kombu

from synapse.errors import SynapseError, Unavailable


def check_broker(url: str) -> None:
    """Raise Unavailable when the broker does not let us in."""
    if url.startswith("memory://"):
        return
    with let_in(url):
        pass


@contextmanager
def let_in(url: str) -> Iterator[Any]:
    """A connection, closed at the end. Raises Unavailable when the broker does not let us in, or goes away meanwhile."""
    try:
        with kombu.Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
            yield connection
    except SynapseError:
        raise
    except Exception as error:  # kombu's transports raise whatever their libraries do
        raise Unavailable(f"the broker does not answer: {type(error).__name__}: {error}"[:300]) from error
