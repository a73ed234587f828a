"""API keys on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli.text import short, shown
from synapse.contracts.api_key import ApiKey, KeyList


def table(found: KeyList) -> RenderableType:
    """All of them, a row each."""
    if not found.keys:
        return Text("no keys")
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black")
    for name in ("id", "tenant", "state", "ends", "last used", "scopes"):
        made.add_column(name, no_wrap=True)
    made.add_column("name")
    for key in found.keys:
        ends, used = _day(key.expires_at, "never"), _day(key.last_used_at, "never")
        about = Text(shown(short(key.name, 100)), no_wrap=True, overflow="ellipsis")
        made.add_row(key.id, key.tenant, state(key, datetime.now(UTC)), ends, used, " ".join(key.scopes), about)
    return made


def state(key: ApiKey, now: datetime) -> str:
    """How a key is."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "good"


def _day(moment: datetime | None, otherwise: str) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment is not None else otherwise
