"""How a worker comes back to a broker that was away: soon, and whatever the broker says while it starts."""

from __future__ import annotations

from typing import Any, Final

import kombu
from celery.app.amqp import AMQP

_FIRST: Final = 0.5
_STEP: Final = 0.5
_LONGEST: Final = 3.0


class PatientConnection(kombu.Connection):  # type: ignore[misc] # kombu is untyped
    """Tries again every few seconds. By kombu's own measure a worker may sleep for half a minute beside a broker that is back."""

    def ensure_connection(self, *arguments: Any, **options: Any) -> Any:
        """As kombu's, with shorter pauses unless the caller names others."""
        pauses = {"interval_start": _FIRST, "interval_step": _STEP, "interval_max": _LONGEST}
        return super().ensure_connection(*arguments, **{**pauses, **options})


class PatientAmqp(AMQP):  # type: ignore[misc] # celery is untyped
    """Celery's own, with such connections."""

    Connection = PatientConnection
